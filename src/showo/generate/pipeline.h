// The library's front door: a model folder opened for its tasks – pictures from text, inpainting,
// extrapolation, answers.
#pragma once

#include <memory>

#include "showo/generate/mask_sampler.h"
#include "showo/generate/sight.h"
#include "showo/generate/text_sampler.h"
#include "showo/image/image.h"
#include "showo/model/folder.h"

namespace showo {

enum class Side { kLeft, kRight, kUp, kDown };

struct Answer {
  std::string text;
  bool complete;  // false: it was cut at max_tokens or at the model's last position
};

/// Sees every token of every answer.
using OnAnswerToken = std::function<void(size_t question, int64_t token)>;

class Pipeline {
 public:
  /// Throws Error naming what is missing or does not fit.
  explicit Pipeline(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                    torch::Device device = torch::kCPU, std::optional<LowBits> low_bits = {});

  /// As the model's folder says it is drawn best (sampling.json).
  const SamplingOptions& sampling() const { return sampling_; }
  /// What the model reads of a prompt: all of it, or as much as it has room for.
  std::string prompt_used(const std::string& prompt) const;
  /// One picture a seed, all of one prompt. The same seed gives the same picture, whatever the
  /// others are.
  std::vector<Image> text_to_image(const std::string& prompt, const std::vector<uint64_t>& seeds,
                                   const SamplingOptions& options, const OnMaskStep& on_step = {});
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

  /// A picture as codes; it is read once, with the first question or before several, and any number
  /// of questions follow.
  class Reader {
   public:
    /// The same seed gives each question the same answer, whatever the others are.
    std::vector<Answer> answer(const std::vector<std::string>& questions,
                               const TextOptions& options, uint64_t seed,
                               const OnAnswerToken& on_token = {});

   private:
    friend class Pipeline;
    Reader(Pipeline& pipeline, Seen picture);
    std::vector<Writing> begin(const std::vector<Ids>& questions, uint64_t seed);
    Pipeline& pipeline_;
    Context picture_;  // up to where a question begins
    Tensor features_;
  };
  Reader read(const Image& picture);

  /// To codes and back.
  Image reconstruct(const Image& picture);
  /// Pixels a side of the model's pictures.
  int image_size() const { return side_ * static_cast<int>(codec_->config.stride()); }
  Showo& model() { return model_; }
  Magvit& codec() { return codec_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  Tensor encode(const Image& picture);
  Image decode(const Tensor& codes_N);
  std::string spell(std::vector<int64_t> tokens) const;
  Tensor sample(const std::string& prompt, const Tensor& canvas_BN,
                const std::vector<uint64_t>& seeds, const SamplingOptions& options,
                const OnMaskStep& on_step);

  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Showo model_;
  Prompting prompting_;
  Sight sight_;
  SamplingOptions sampling_;
  int side_;  // tokens a side
};

}  // namespace showo
