#include "showo/core/device.h"

#include <ATen/Context.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>

#include "showo/core/option_error.h"

namespace showo {
namespace {

bool cpu_has(const char* feature) {
  const auto all = at::cpu::get_cpu_capabilities();
  return all.contains(feature) && all.at(feature).isBool() && all.at(feature).toBool();
}

}  // namespace

c10::Device parse_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::string index = name.starts_with("cuda:") ? name.substr(5) : "0";
  const bool digits = !index.empty() && index.size() <= 3 && std::ranges::all_of(index, ::isdigit);
  if ((name != "cuda" && !name.starts_with("cuda:")) || !digits)
    throw OptionError("device", name, "expected cpu, cuda or cuda:N");
  const int wanted = std::stoi(index);
  const int found = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (!at::detail::getCUDAHooks().hasCUDART())
    throw OptionError("device", name, "this LibTorch was built without CUDA");
  if (wanted >= found)
    throw OptionError("device", name, fmt::format("{} CUDA devices found", found));
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(wanted)};
}

bool multiplies_bf16(c10::DeviceType device) {
  static const bool cpu = cpu_has("avx512_bf16") || cpu_has("amx_bf16") || cpu_has("bf16");
  return device != c10::kCPU || cpu;
}

bool multiplies_bytes() {
  static const bool cpu = cpu_has("avx512_vnni");
  return cpu;
}

}  // namespace showo
