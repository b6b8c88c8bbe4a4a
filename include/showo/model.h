// The library: one Show-o, loaded once, that draws, answers, changes pictures and tells stories.
//
//   const showo::Model model("models/embedded");
//   showo::write_png("apple.png", model.generate("a glossy apple on a blue background"));
//
// Threads. A Model never changes: all its functions are const and may be called from any number of
// threads at once; what they compute goes through one engine, side by side, weights read once for
// all. Copies share the model. What changes while it is used (a Chat, a Pending, an Image) belongs
// to one thread at a time. Callbacks come from the threads that compute, one at a time; they may
// start work and cancel it, but not wait for it. The same seed gives the same result, whatever is
// computed beside it, in fp32; docs/performance.md says what holds in other dtypes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "showo/error.h"
#include "showo/image.h"
#include "showo/options.h"
#include "showo/pending.h"
#include "showo/story.h"

namespace showo {

struct MaskStep;
class Pipeline;
struct Seen;

/// `count` pictures of one prompt: the first has the seed itself, and the others those of the
/// command line's -n.
std::vector<Wish> several(const std::string& prompt, int64_t count, uint64_t seed = 0);

/// How a model is loaded.
struct ModelOptions {
  std::string llm = {}, codec = {}, clip = {};
  std::string dtype = "fp32", device = "cpu";
  int bits = 0;
  std::optional<EngineLimits> limits = {};  // none: what suits the device
  template <class V>
  void visit(V& v) {
    v(llm, "llm", "folder of the language model's config and tokenizer, if not inside the model's");
    v(codec, "codec", "folder of the image tokenizer, if not inside the model's");
    v(clip, "clip",
      "folder of the CLIP-ViT that pictures are seen by, if the model has one and it is not inside "
      "the model's");
    v(dtype, "dtype", "fp32, bf16 or fp16");
    v(device, "device", "cpu, cuda or cuda:N");
    v(bits, "bits",
      "round the weights of linear layers to 8 or 4 bits (CPU); 0: as the folder has them",
      between(0, 8));
    v(limits, "limits", "what the engine takes on at once");
  }
};

/// What a loaded model is.
struct ModelInfo {
  std::string folder, vision;  // discrete, magvit or clip
  int image_size = 0;          // pixels a side
  int64_t image_tokens = 0, codes = 0;
  int64_t prompt_tokens = 0;  // of a text-to-image prompt; the rest is cut off
  int64_t positions = 0;      // tokens of a row
  bool stories = false;       // it learned texts and pictures in turns, and so to change pictures
};

/// A step of a picture that is being drawn; valid while the callback runs.
class PictureStep {
 public:
  size_t picture() const { return picture_; }  // of the call's, or of a story's frames
  int step() const;                            // from 0
  /// As drawn in this step, −1 where it is masked again.
  std::vector<int64_t> codes() const;
  /// All codes as drawn, masked ones too: what the picture would be by now.
  std::vector<int64_t> drawn() const;
  /// Those as a picture; inside the picture that is changed, where one is. Takes the image
  /// tokenizer's time.
  Image image() const { return later()(); }
  /// The same, to be made when the callback has ended, by any thread.
  std::function<Image()> later() const;

  /// What codes are as a picture.
  struct Shown;
  PictureStep(Pipeline& pipeline, size_t picture, const MaskStep& step,
              std::shared_ptr<const Shown> shown = nullptr)
      : pipeline_(pipeline), picture_(picture), step_(step), shown_(std::move(shown)) {}

 private:
  Pipeline& pipeline_;
  size_t picture_;
  const MaskStep& step_;
  std::shared_ptr<const Shown> shown_;
};

/// False stops the picture, which is then what it is by now.
using OnStep = std::function<bool(const PictureStep&)>;
/// Sees the newest whole characters of an answer; false stops it.
using OnText = std::function<bool(size_t answer, const std::string& more)>;

/// Pictures as the model sees them, encoded once for any number of questions.
class View {
 public:
  explicit View(std::shared_ptr<const Seen> seen) : seen_(std::move(seen)) {}
  /// What stands before a question, in tokens of the model.
  int64_t tokens() const;
  const Seen& seen() const { return *seen_; }

 private:
  std::shared_ptr<const Seen> seen_;
};

class Model;

/// Several turns about pictures, each of which sees those before it.
class Chat {
 public:
  ~Chat();
  Chat(Chat&&) noexcept;
  /// Throws UsageError for a question without a word, and when the model's positions are used up;
  /// turns that were answered stay as they are then.
  Answer ask(const std::string& question, const TextOptions& options = {}, uint64_t seed = 0,
             const OnText& on_text = {});
  /// Questions and answers so far.
  const Turns& turns() const;

 private:
  friend class Model;
  struct State;
  explicit Chat(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Model {
 public:
  /// A folder of config.json, weights, llm/, codec/ and, where it sees by CLIP, clip/. Throws Error
  /// naming the file, key or tensor that is missing or does not fit, OptionError for options.
  explicit Model(const std::string& folder, const ModelOptions& options = {});
  const ModelInfo& info() const;
  /// How the model's folder says it is drawn best (sampling.json); the published values where it
  /// says nothing. `preset`: exact; balanced, with guidance in the first half of the steps; fast,
  /// half as many steps as well.
  SamplingOptions sampling(const std::string& preset = "exact") const;
  /// The same model, whose jobs take turns with those of other clients, however many each has.
  Model for_client(const std::string& client) const;

  /// Pictures, each drawn whole from its prompt. The first with the model's own sampling.
  Image generate(const std::string& prompt, uint64_t seed = 0) const;
  std::vector<Image> generate(const std::vector<Wish>& wishes, const SamplingOptions& options,
                              const OnStep& on_step = {}) const;
  Pending<std::vector<Image>> start_generate(const std::vector<Wish>& wishes,
                                             const SamplingOptions& options,
                                             const OnStep& on_step = {}) const;
  /// The white part of `mask` (of the picture's size) is drawn anew; every pixel outside it keeps
  /// its value. The picture has any size: the model sees a square around what is white, and what
  /// it draws is scaled to the picture's pixels. Throws Error when the sizes differ or the mask
  /// leaves nothing to draw.
  Image inpaint(const Image& picture, const Image& mask, const Wish& wish,
                const SamplingOptions& options, const OnStep& on_step = {}) const;
  Pending<Image> start_inpaint(const Image& picture, const Image& mask, const Wish& wish,
                               const SamplingOptions& options, const OnStep& on_step = {}) const;
  /// Of the picture's last square before `side` the half next to it is kept as context for a new
  /// half beyond it; `offset` token columns (or rows) of that half are drawn anew as well. All
  /// pixels of the picture but those keep their values. Throws Error when the result has more
  /// pixels than any picture that is read.
  Image extend(const Image& picture, Side side, const Wish& wish, const SamplingOptions& options,
               int64_t offset = 0, const OnStep& on_step = {}) const;
  Pending<Image> start_extend(const Image& picture, Side side, const Wish& wish,
                              const SamplingOptions& options, int64_t offset = 0,
                              const OnStep& on_step = {}) const;
  /// A picture changed without a mask, so that it shows what the wish describes: codes are masked
  /// at random and drawn again, round after round. `options.steps` are those of a round.
  Image redraw(const Image& picture, const Wish& wish, const RedrawOptions& redraw,
               const SamplingOptions& options, const OnStep& on_step = {}) const;
  Pending<Image> start_redraw(const Image& picture, const Wish& wish, const RedrawOptions& redraw,
                              const SamplingOptions& options, const OnStep& on_step = {}) const;
  /// The picture as an instruction changes it ("the background turns blue"), by a model that
  /// learned stories.
  Image change(const Image& picture, const Wish& instruction, const SamplingOptions& options,
               const OnStep& on_step = {}) const;
  Pending<Image> start_change(const Image& picture, const Wish& instruction,
                              const SamplingOptions& options, const OnStep& on_step = {}) const;

  /// Codes of a picture of any size, scaled and cropped to the model's square, row by row.
  std::vector<int64_t> encode(const Image& picture) const;
  /// Throws UsageError for another number of codes than the model's and for a code it lacks.
  Image decode(std::span<const int64_t> codes) const;
  /// To codes and back.
  Image reconstruct(const Image& picture) const;

  /// Throws UsageError when the pictures take more than the model's positions.
  View view(const std::vector<Image>& pictures) const;
  /// Nothing to see: the language model alone is asked.
  View view_nothing() const;
  /// The same pictures, and behind them what was asked and answered. Throws UsageError when that
  /// takes more than the model's positions.
  View after(const View& pictures, const Turns& turns) const;
  /// The same seed gives each question the same answer, whatever the others are. Throws UsageError
  /// for a question without a word, or too long for the model's positions.
  std::vector<Answer> ask(const View& pictures, const std::vector<std::string>& questions,
                          const TextOptions& options = {}, uint64_t seed = 0,
                          const OnText& on_text = {}) const;
  Pending<std::vector<Answer>> start_ask(const View& pictures,
                                         const std::vector<std::string>& questions,
                                         const TextOptions& options = {}, uint64_t seed = 0,
                                         const OnText& on_text = {}) const;
  std::string ask(const Image& picture, const std::string& question) const;
  Chat chat(const std::vector<Image>& pictures) const;

  /// Text alone (the paper's language modeling): texts that go on from a prompt, without it, one a
  /// seed. Throws UsageError for a prompt that leaves no room.
  std::vector<Answer> complete(const std::string& prompt, const TextOptions& options = {},
                               const std::vector<uint64_t>& seeds = {0},
                               const OnText& on_text = {}) const;
  Pending<std::vector<Answer>> start_complete(const std::string& prompt,
                                              const TextOptions& options = {},
                                              const std::vector<uint64_t>& seeds = {0},
                                              const OnText& on_text = {}) const;

  /// A story that begins with `before` and goes on with `told`, a text a frame, and then with texts
  /// of the model's own: all of its frames. Throws UsageError for a text without a word, Error when
  /// the frames that are asked for do not fit into the model's positions.
  std::vector<Frame> tell(const std::vector<Frame>& before, const std::vector<std::string>& told,
                          const StoryOptions& options, uint64_t seed = 0,
                          const OnFrame& on_frame = {}, const OnStep& on_step = {}) const;
  /// A picture as a story's frame.
  Frame frame(const Image& picture, const std::string& text = {}) const;

  /// Token ids of a text, and their text.
  std::vector<int64_t> tokenize(const std::string& text) const;
  std::string detokenize(std::span<const int64_t> ids) const;
  /// Of a prompt what the model has room for: all of it, or its beginning.
  std::string prompt_used(const std::string& prompt) const;

  /// What the model's engine has to do at the moment.
  EngineLoad load() const;
  /// For those who link with LibTorch: what is behind this door.
  Pipeline& pipeline() const;

 private:
  struct Opened;
  Model(std::shared_ptr<Opened> opened, std::string client);
  std::shared_ptr<Opened> opened_;
  std::string client_;
};

}  // namespace showo
