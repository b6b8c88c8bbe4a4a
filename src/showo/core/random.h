// Random numbers: one explicit generator a request. The CPU generator draws what PyTorch's draws
// for the same seed.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>

#include <cstdint>

namespace showo {

inline at::Generator make_generator(uint64_t seed, c10::Device device = c10::kCPU) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>(seed);
  auto generator = at::globalContext()
                       .getAcceleratorHooksInterface(device.type())
                       .getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

/// A seed for part `index` of a request with `seed` (SplitMix64): pictures of one call are
/// independent of their number.
inline uint64_t derive_seed(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace showo
