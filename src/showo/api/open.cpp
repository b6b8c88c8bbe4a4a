#include "showo/api/open.h"

#include <spdlog/spdlog.h>

#include "showo/checkpoint/finite.h"
#include "showo/core/device.h"
#include "showo/core/option_error.h"

namespace showo {

torch::ScalarType compute_type(const std::string& dtype, torch::Device device) {
  if (dtype == "fp32") return torch::kFloat;
  if (dtype == "fp16") return torch::kHalf;
  if (dtype != "bf16") throw OptionError("dtype", dtype, "expected fp32, bf16 or fp16");
  if (multiplies_bf16(device.type())) return torch::kBFloat16;
  // A picture's step would take five times as long as in fp32.
  spdlog::warn("this CPU has no bf16 products: computing in fp32; 8 or 4 bits take less memory");
  return torch::kFloat;
}

std::shared_ptr<Pipeline> open_pipeline(const fs::path& folder, const ModelOptions& options) {
  check_options(options);
  const auto device = parse_device(options.device);
  const auto dtype = compute_type(options.dtype, device);
  const auto bits = options.bits ? std::optional(LowBits::of(options.bits)) : std::nullopt;
  const auto paths = ModelPaths::in(folder, options.llm, options.codec, options.clip);
  auto pipeline = std::make_shared<Pipeline>(paths, dtype, device, bits, options.limits);
  const std::string& vision = pipeline->model()->config.vision;
  if (!options.clip.empty() && vision != "clip") {
    throw OptionError(
        "clip", options.clip,
        fmt::format("the model does not see by a CLIP-ViT; its vision is {}", vision));
  }
  check_finite(*pipeline->model(), folder.string());
  check_finite(*pipeline->codec(), paths.codec.string());
  return pipeline;
}

}  // namespace showo
