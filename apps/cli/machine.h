// What this machine can do at best, for figures to be held against.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace showo::cli {

double seconds(const std::function<void()>& work);

/// Bytes a second that all threads read from memory.
double streaming_read();

/// Operations a second of LibTorch's product of [512, 2048] and [2048, 8192], on a GPU of
/// [8192, 8192] twice.
double gemm_speed(at::ScalarType dtype, at::Device device);

/// The most bytes that this process has held in the CPU's memory.
int64_t peak_memory();

}  // namespace showo::cli
