// The streams of a step (paper 3.4): pictures from text, answers about pictures, plain text, and
// stories (4.4). Rows lie side by side, so that there are no pads.
#pragma once

#include "showo/codec/magvit.h"
#include "showo/core/random.h"
#include "showo/data/sample.h"
#include "showo/generate/sight.h"
#include "showo/model/showo.h"
#include "showo/text/tokenizer.h"

namespace showo {

struct Batch {
  PackedRows rows;
  Tensor features{};  // of the rows' pictures, undefined where they are codes
  std::optional<PackedRows> without_text{};  // text-to-image rows once more, for a guided teacher
  uint64_t seed = 0;                         // of what else is drawn for its rows
};

struct BatchOptions {
  int64_t t2i = 10, lm = 4, mmu = 10, stories = 0;  // rows a step
  int64_t image_size = 256;
  int64_t lm_length = 128;         // tokens of a text row
  int64_t mmu_length = 512;        // longest understanding row
  int64_t story_length = 2048;     // longest story
  bool independent_turns = false;  // a sample's turns are separate questions, not a conversation
  bool plain_captions = false;     // a sample's answers are captions, without their questions
  bool system_prompt = true;       // before pictures that are seen as features
  double drop_text = 0.1;   // share of T2I rows without text, for guidance; of stories' texts
  double drop_first = 0.3;  // share of stories that begin with a picture of which nothing is told
  std::string schedule = "cosine";
  double min_masked = 0;  // least share of a picture's codes that is masked
  double regions = 0;     // share of T2I rows masked in one rectangle, as inpainting will be
  template <class V>
  void visit(V& v) {
    v(t2i, "t2i", "text-to-image rows a step", between(0, 1'000'000));
    v(lm, "lm", "text rows a step", between(0, 1'000'000));
    v(mmu, "mmu", "understanding rows a step", between(0, 1'000'000));
    v(stories, "stories", "stories a step", between(0, 1'000'000));
    v(image_size, "image_size", "pixels a side", between(1, 1 << 14));
    v(lm_length, "lm_length", "longest text row in tokens", between(2, 1 << 20));
    v(mmu_length, "mmu_length", "longest understanding row in tokens", between(6, 1 << 20));
    v(story_length, "story_length",
      "longest story in tokens: frames that do not fit are left out. While it is learned every "
      "picture stands there twice, masked and whole",
      between(8, 1 << 20));
    v(independent_turns, "independent_turns",
      "a sample's turns are questions that know nothing of each other");
    v(plain_captions, "plain_captions",
      "a sample's answers are captions of their own, without the questions: how LLaVA aligns a "
      "projector");
    v(system_prompt, "system_prompt", "the system prompt stands before pictures seen as features");
    v(drop_text, "drop_text",
      "share of text-to-image rows without their text, and of stories' texts", share());
    v(drop_first, "drop_first",
      "share of stories whose first picture comes without a text, as one does that is given",
      share());
    v(schedule, "schedule", "of the mask ratio");
    v(min_masked, "min_masked", "least share of a picture's codes to mask", share());
    v(regions, "regions", "share of text-to-image rows masked in one rectangle", share());
  }
};

class BatchMaker {
 public:
  /// `codec` encodes in the type of its weights, as it does wherever pictures are drawn or read;
  /// `sight` sees the pictures that are asked about.
  BatchMaker(const BatchOptions& options, const Prompting& prompting,
             std::shared_ptr<const Tokenizer> tokenizer, Magvit codec, Sight sight)
      : options_(options),
        prompting_(prompting),
        tokenizer_(std::move(tokenizer)),
        codec_(std::move(codec)),
        sight_(std::move(sight)) {}

  /// Mask prediction: captions, codes with a random share masked (at least one), labels at masked
  /// positions. One seed a row, so that a row is the same in whatever batch. `twice`: also without
  /// their texts.
  Batch text_to_image(const std::vector<Sample>& samples, const std::vector<uint64_t>& seeds,
                      bool twice = false);
  /// Next token prediction on the answers of a sample's turns, or on its caption when it has none.
  Batch understanding(const std::vector<Sample>& samples);
  Batch language(const std::vector<std::string>& lines);
  /// Both: each text after the pictures before it, each picture after the texts and pictures before
  /// it. One seed a story. Throws Error naming a story whose first frame is too long.
  Batch stories(const std::vector<Sample>& samples, const std::vector<uint64_t>& seeds);

  /// Codes [B, N] of the samples' pictures.
  Tensor codes_of(const std::vector<Sample>& samples);

 private:
  Tensor codes_of(const std::vector<Image>& pictures);
  /// How a picture is learned: whether without its text, and which codes are masked, bool [N].
  struct Hidden {
    bool text;
    Tensor codes;
  };
  Hidden draw_hidden(int64_t codes, double drop_text, at::Generator& random) const;
  FrameIds frame(const std::string& text, const Tensor& image, double drop_text,
                 at::Generator& random) const;
  Row about(const Row& picture, const Sample& sample) const;
  BatchOptions options_;
  Prompting prompting_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Sight sight_;
};

/// bool [side²]: at least one and at most all masked; `share` of them, anywhere or in a rectangle.
Tensor draw_mask(int64_t side, double share, bool region, at::Generator& random);

}  // namespace showo
