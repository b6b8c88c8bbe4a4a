#include "showo/lowbit/many_rows.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "showo/lowbit/kernels.h"

namespace showo::lowbit {
namespace {

constexpr float kByteMax = 127;

// Channels from … to of the tiles' layout [inputs / 2][16][2] → rows [channels, inputs].
at::Tensor plain_rows(const PackedWeight& packed, int64_t from, int64_t to, int64_t inputs) {
  at::Tensor rows = at::empty({(to - from) * kTile, inputs}, at::kChar);
  const auto* codes = packed.codes.const_data_ptr<uint8_t>();
  auto* out = reinterpret_cast<uint8_t*>(rows.data_ptr<int8_t>());
  at::parallel_for(from, to, 4, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      const uint8_t* in = codes + tile * kTile * inputs;
      uint8_t* at = out + (tile - from) * kTile * inputs;
      for (int64_t pair = 0; pair < inputs / 2; ++pair)
        for (int64_t i = 0; i < kTile; ++i)
          std::memcpy(at + i * inputs + pair * 2, in + (pair * kTile + i) * 2, 2);
    }
  });
  return rows;
}

// Each row to bytes by its largest value; the scales come back.
at::Tensor round_rows(const at::Tensor& x, at::Tensor& bytes) {
  const int64_t inputs = x.size(1), padded = bytes.size(1);
  at::Tensor scales = at::empty({x.size(0)});
  const auto* from = x.const_data_ptr<float>();
  auto* to = bytes.data_ptr<int8_t>();
  auto* scale = scales.data_ptr<float>();
  at::parallel_for(0, x.size(0), 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = from + r * inputs;
      float largest = 0;
      for (int64_t i = 0; i < inputs; ++i) largest = std::max(largest, std::abs(row[i]));
      scale[r] = largest / kByteMax;
      const float inverse = largest > 0 ? kByteMax / largest : 0;
      int8_t* at = to + r * padded;
      for (int64_t i = 0; i < inputs; ++i)
        at[i] = static_cast<int8_t>(std::nearbyint(row[i] * inverse));
      std::fill(at + inputs, at + padded, int8_t{0});
    }
  });
  return scales;
}

}  // namespace

bool multiplies_bytes() {
  static const bool has = [] {
    const auto capabilities = at::cpu::get_cpu_capabilities();
    const auto* name = "avx512_vnni";
    return capabilities.contains(name) && capabilities.at(name).isBool() &&
           capabilities.at(name).toBool();
  }();
  return has;
}

at::Tensor multiply_bytes(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                          int64_t first, int64_t count) {
  const int64_t rows = x.size(0), from = first / kTile, to = (first + count + kTile - 1) / kTile,
                channels = (to - from) * kTile, inputs = packed.codes.size(1) / kTile;
  const at::Tensor weight = plain_rows(packed, from, to, inputs);
  at::Tensor bytes = at::empty({rows, inputs}, at::kChar);
  const at::Tensor row_scales = round_rows(x, bytes);
  const at::Tensor sums = at::_int_mm(bytes, weight.t());
  const at::Tensor scales = packed.scales.view({-1}).narrow(0, first, count).to(at::kFloat),
                   offsets = bias.defined() ? bias.narrow(0, first, count).to(at::kFloat)
                                            : at::zeros({count});
  at::Tensor out = at::empty({rows, count});
  at::parallel_for(0, rows, 4, [&](int64_t begin, int64_t end) {
    const float *scale = scales.const_data_ptr<float>(), *add = offsets.const_data_ptr<float>();
    for (int64_t r = begin; r < end; ++r) {
      const int32_t* sum = sums.const_data_ptr<int32_t>() + r * channels + (first - from * kTile);
      const float row_scale = row_scales.const_data_ptr<float>()[r];
      float* at = out.data_ptr<float>() + r * count;
      for (int64_t i = 0; i < count; ++i)
        at[i] = static_cast<float>(sum[i]) * scale[i] * row_scale + add[i];
    }
  });
  return out;
}

}  // namespace showo::lowbit
