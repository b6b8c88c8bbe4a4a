// The library's front door: a model folder opened for its tasks – pictures from text, inpainting,
// extrapolation, answers.
#pragma once

#include <memory>

#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/sight.h"
#include "showo/generate/text_job.h"
#include "showo/image/image.h"
#include "showo/model/folder.h"

namespace showo {

/// Sees every step of every picture of a call; false stops that picture.
using OnPictureStep = std::function<bool(size_t picture, const MaskStep&)>;
/// Sees every token of every answer; false stops that answer.
using OnAnswerToken = std::function<bool(size_t question, int64_t token)>;

/// Of one picture: jobs, and what codes are – those of a step too – as the whole result, which may
/// be larger than what is drawn.
struct PictureWork : Jobs<Image> {
  std::function<Image(const Tensor& codes_N)> shown;
};

class Pipeline {
 public:
  /// Throws Error naming what is missing or does not fit.
  explicit Pipeline(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                    torch::Device device = torch::kCPU, std::optional<LowBits> low_bits = {},
                    std::optional<EngineLimits> limits = {});

  /// As the model's folder says it is drawn best (sampling.json).
  const SamplingOptions& sampling() const { return sampling_; }
  /// What the model reads of a prompt: all of it, or as much as it has room for.
  std::string prompt_used(const std::string& prompt) const;
  /// One picture a wish, drawn together. The same seed gives the same picture, whatever the others
  /// are (docs/performance.md says how far that holds in narrow dtypes).
  std::vector<Image> text_to_image(const std::vector<Wish>& wishes, const SamplingOptions& options,
                                   const OnPictureStep& on_step = {});
  /// The white part of `mask` (of the picture's size) is drawn anew; every pixel outside it keeps
  /// its value. The picture has any size: the model sees the square around what is white (see
  /// part_around), and what it draws is scaled to the picture's pixels. Throws Error when the sizes
  /// differ or the mask leaves nothing to draw.
  Image inpaint(const Image& picture, const Image& mask, const std::string& prompt, uint64_t seed,
                const SamplingOptions& options, const OnMaskStep& on_step = {});
  /// Of the picture's last square before `side` the half next to it is kept as context for a new
  /// half beyond it; `offset` token columns (or rows) of that half are drawn anew as well. The
  /// picture has any size: the new part is scaled to its pixels, all others keep their values.
  /// Throws Error when the result has more pixels than any picture that is read.
  Image extend(const Image& picture, Side side, const std::string& prompt, int64_t offset,
               uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step = {});

  /// How the model sees a picture, or several together, for any number of questions, which read
  /// them once. Throws UsageError when they take more than the model's positions.
  Seen see(const Image& picture) { return see(std::vector{picture}); }
  Seen see(const std::vector<Image>& pictures);
  /// No picture: the language model alone is asked.
  Seen see_nothing() const;
  /// What was seen, and then asked and answered. Throws UsageError when the model's positions are
  /// used up.
  Seen after(const Seen& seen, const Turns& turns);
  /// The same seed gives each question the same answer, whatever the others are. Throws UsageError
  /// for a question too long for the model's positions.
  std::vector<Answer> answer(const Seen& picture, const std::vector<std::string>& questions,
                             const TextOptions& options, uint64_t seed,
                             const OnAnswerToken& on_token = {});

  /// The same as jobs, for an engine that runs others beside them. The pipeline outlives the work.
  Jobs<std::vector<Image>> drawing(const std::vector<Wish>& wishes, const SamplingOptions& options,
                                   const OnPictureStep& on_step = {});
  PictureWork inpainting(const Image& picture, const Image& mask, const Wish& wish,
                         const SamplingOptions& options, const OnMaskStep& on_step = {});
  PictureWork extending(const Image& picture, Side side, const Wish& wish, int64_t offset,
                        const SamplingOptions& options, const OnMaskStep& on_step = {});
  Jobs<std::vector<Answer>> answering(const Seen& picture,
                                      const std::vector<std::string>& questions,
                                      const TextOptions& options, uint64_t seed,
                                      const OnAnswerToken& on_token = {});
  std::shared_ptr<PictureJob> drawing(const Wish& wish, const SamplingOptions& options,
                                      OnMaskStep on_step = {});
  /// On a canvas of codes, as PictureJob has it.
  std::shared_ptr<PictureJob> drawing(const Wish& wish, const Tensor& canvas_N,
                                      const SamplingOptions& options, OnMaskStep on_step,
                                      NextRound next = {});
  std::shared_ptr<TextJob> answering(const Seen& picture, const std::string& question,
                                     const TextOptions& options, uint64_t seed,
                                     OnToken on_token = {});
  Image picture_of(const PictureJob& job) { return picture_of(job.codes()); }
  Answer answer_of(const TextJob& job) const;
  Engine& engine() { return *engine_; }
  const std::shared_ptr<Engine>& shared_engine() const { return engine_; }

  /// What the image tokenizer makes of a picture of any size, scaled and cropped to the model's:
  /// codes int64 [N].
  Tensor codes_of(const Image& picture);
  Image picture_of(const Tensor& codes_N);
  /// To codes and back.
  Image reconstruct(const Image& picture) { return picture_of(codes_of(picture)); }
  /// Pixels a side of the model's pictures.
  int image_size() const { return side_ * static_cast<int>(codec_->config.stride()); }
  Showo& model() { return model_; }
  Magvit& codec() { return codec_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const std::shared_ptr<const Tokenizer>& shared_tokenizer() const { return tokenizer_; }
  const Prompting& prompting() const { return prompting_; }
  Sight& sight() { return sight_; }
  /// Of an answer's tokens, without what has no spelling.
  std::string spell(std::vector<int64_t> tokens) const;

 private:
  int64_t most_positions() { return model_->llm_config().max_position_embeddings; }
  Tensor encode(const Image& picture);
  template <class T>
  T run(const Jobs<T>& work) {
    engine_->run(work.jobs);
    return work.result();
  }
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Showo model_;
  Prompting prompting_;
  Sight sight_;
  SamplingOptions sampling_;
  int side_;  // tokens a side
  std::shared_ptr<Engine> engine_;
};

}  // namespace showo
