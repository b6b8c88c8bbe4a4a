#include "showo/codec/initialise.h"

#include "showo/core/random.h"

namespace showo {

void initialise_codec(Magvit codec, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  for (auto& module : codec->modules(/*include_self=*/false)) {
    if (auto* norm = module->as<GroupNormImpl>()) {
      norm->weight.fill_(1);
      norm->bias.zero_();
    } else if (auto* conv = module->as<Conv2dImpl>()) {
      // Kaiming's uniform bound for a = √5 is 1/√fan_in, for weight and bias alike.
      const double bound = 1 / std::sqrt(static_cast<double>(conv->weight[0].numel()));
      conv->weight.uniform_(-bound, bound, generator);
      conv->bias.uniform_(-bound, bound, generator);
    }
  }
}

}  // namespace showo
