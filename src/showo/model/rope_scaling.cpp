#include "showo/model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace showo {

Tensor rope_frequencies(const LlmConfig& config) {
  auto frequencies = rotary_frequencies(config.rotary_size(), config.rope_theta);
  const RopeScaling& scaling = config.rope_scaling;
  if (scaling.rope_type == "linear") return frequencies / scaling.factor;
  if (scaling.rope_type != "llama3") return frequencies;
  const auto known = static_cast<double>(scaling.original_max_position_embeddings);
  auto* values = frequencies.data_ptr<float>();
  for (int64_t i = 0; i < frequencies.size(0); ++i) {
    const double turns = known * values[i] / (2 * std::numbers::pi);  // over the known positions
    const double kept =
        (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
    const double share = std::clamp(kept, 0.0, 1.0);
    values[i] = static_cast<float>(values[i] * (share + (1 - share) / scaling.factor));
  }
  return frequencies;
}

}  // namespace showo
