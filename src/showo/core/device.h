// Where a model lives: "cpu", "cuda" or "cuda:1".
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace showo {

/// Throws UsageError when the name is none, or the machine (or this LibTorch) lacks the device.
c10::Device parse_device(const std::string& name);

}  // namespace showo
