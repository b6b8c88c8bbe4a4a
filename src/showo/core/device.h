// Where a model lives, "cpu", "cuda" or "cuda:1", and what it multiplies fast there.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace showo {

/// Throws OptionError when the name is none, or the machine (or this LibTorch) lacks the device.
c10::Device parse_device(const std::string& name);

/// Whether the device has instructions for bf16 products. Without them LibTorch's take 20 times as
/// long as fp32's.
bool multiplies_bf16(c10::DeviceType device);

/// Whether the CPU has instructions that sum products of bytes without overflow (AVX-512 VNNI).
bool multiplies_bytes();

}  // namespace showo
