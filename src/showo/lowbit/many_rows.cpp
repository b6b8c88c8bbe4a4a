#include "showo/lowbit/many_rows.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>

#include "showo/lowbit/kernels.h"

namespace showo::lowbit {
namespace {

// Channels of tiles from … to → rows [channels, inputs].
at::Tensor plain_rows(const PackedWeight& packed, int64_t from, int64_t to, int64_t inputs) {
  at::Tensor rows = at::empty({(to - from) * kTile, inputs}, at::kChar);
  const Codes codes{packed.codes.const_data_ptr<uint8_t>(), nullptr, inputs, inputs, 8};
  at::parallel_for(from, to, 4, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile)
      unpack_tile(codes, tile, rows.data_ptr<int8_t>() + (tile - from) * kTile * inputs);
  });
  return rows;
}

// Each row to bytes by its largest value; the scales come back.
at::Tensor round_rows(const at::Tensor& x, at::Tensor& bytes) {
  const int64_t inputs = x.size(1), padded = bytes.size(1);
  at::Tensor scales = at::empty({x.size(0)});
  at::parallel_for(0, x.size(0), 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      round_to_bytes(x.const_data_ptr<float>() + r * inputs, inputs, padded,
                     bytes.data_ptr<int8_t>() + r * padded, scales.data_ptr<float>() + r);
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
    for (int64_t r = begin; r < end; ++r) {
      scale_sums(sums.const_data_ptr<int32_t>() + r * channels + (first - from * kTile),
                 scales.const_data_ptr<float>(), row_scales.const_data_ptr<float>()[r],
                 offsets.const_data_ptr<float>(), count, out.data_ptr<float>() + r * count);
    }
  });
  return out;
}

}  // namespace showo::lowbit
