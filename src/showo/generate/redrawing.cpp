#include "showo/generate/redrawing.h"

#include "showo/core/option_error.h"
#include "showo/core/random.h"

namespace showo {

Image redrawn(Pipeline& pipeline, const Image& picture, const Wish& wish,
              const RedrawOptions& options, SamplingOptions sampling, const OnMaskStep& on_step) {
  check_options(options);
  Tensor codes = pipeline.codes_of(picture);
  const int64_t tokens = codes.size(0);
  const auto masked =
      std::clamp<int64_t>(std::llround(options.strength * static_cast<double>(tokens)), 1, tokens);
  auto random = make_generator(wish.seed);
  for (int round = 0; round < options.rounds; ++round) {
    const Tensor chosen = torch::rand({tokens}, random).argsort().narrow(0, 0, masked);
    const Wish again{wish.prompt, derive_seed(wish.seed, round)};
    codes = pipeline.fill(codes.index_fill(0, chosen, -1), again, sampling, on_step);
  }
  return pipeline.picture_of(codes);
}

}  // namespace showo
