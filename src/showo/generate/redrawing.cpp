#include "showo/generate/redrawing.h"

#include "showo/core/option_error.h"
#include "showo/core/random.h"

namespace showo {

Jobs<Image> redrawing(Pipeline& pipeline, const Image& picture, const Wish& wish,
                      const RedrawOptions& options, const SamplingOptions& sampling,
                      const OnMaskStep& on_step) {
  check_options(options);
  const Tensor codes = pipeline.codes_of(picture);
  const int64_t tokens = codes.size(0);
  const auto masked =
      std::clamp<int64_t>(std::llround(options.strength * static_cast<double>(tokens)), 1, tokens);
  auto hide = [=, random = make_generator(wish.seed)](const Tensor& drawn) mutable {
    const Tensor chosen = torch::rand({tokens}, random).argsort().narrow(0, 0, masked);
    return drawn.index_fill(0, chosen, -1);
  };
  const auto seed = [=](int round) { return derive_seed(wish.seed, round); };
  Wish first = wish;
  first.seed = seed(0);
  const Tensor canvas = hide(codes);
  auto next = [=, device = pipeline.model()->device(), rounds = options.rounds,
               round = 0](const Tensor& drawn) mutable -> std::optional<Canvas> {
    if (++round == rounds) return {};
    return Canvas{hide(drawn), std::make_unique<SeededDraws>(seed(round), device)};
  };
  const auto job = pipeline.drawing(first, canvas, sampling, on_step, next);
  return {{job}, [job, &pipeline] { return pipeline.picture_of(*job); }};
}

Image redrawn(Pipeline& pipeline, const Image& picture, const Wish& wish,
              const RedrawOptions& options, const SamplingOptions& sampling,
              const OnMaskStep& on_step) {
  const auto work = redrawing(pipeline, picture, wish, options, sampling, on_step);
  pipeline.engine().run(work.jobs);
  return work.result();
}

}  // namespace showo
