#include "showo/lowbit/many_rows.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "showo/lowbit/rows.h"

namespace showo::lowbit {
namespace {

// Each row to bytes by its largest value; the scales come back.
template <class T>
at::Tensor round_rows(const T* x, int64_t inputs, at::Tensor& bytes) {
  const int64_t padded = bytes.size(1);
  at::Tensor scales = at::empty({bytes.size(0)});
  at::parallel_for(0, bytes.size(0), 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      round_to_bytes(x + r * inputs, inputs, padded, bytes.data_ptr<int8_t>() + r * padded,
                     scales.data_ptr<float>() + r);
    }
  });
  return scales;
}

template <class T>
void multiply_bytes(const T* x, const PackedWeight& packed, const at::Tensor& offsets,
                    int64_t first, bool gelu, at::Tensor& out, T* to) {
  const int64_t rows = out.size(0), count = out.size(1);
  const at::Tensor weight = packed.codes.narrow(0, first, count);
  at::Tensor bytes = at::empty({rows, weight.size(1)}, at::kChar);
  const at::Tensor row_scales = round_rows(x, packed.inputs, bytes);
  const at::Tensor sums = at::_int_mm(bytes, weight.t());
  const at::Tensor scales = packed.scales.narrow(0, first, count).to(at::kFloat);
  at::parallel_for(0, rows, 4, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      scale_sums(sums.const_data_ptr<int32_t>() + r * count, scales.const_data_ptr<float>(),
                 row_scales.const_data_ptr<float>()[r], offsets.const_data_ptr<float>(), count,
                 gelu, to + r * count);
    }
  });
}

}  // namespace

at::Tensor multiply_bytes(const at::Tensor& x, const PackedWeight& packed,
                          const at::Tensor& offsets, int64_t first, int64_t count, bool gelu) {
  at::Tensor out = at::empty({x.size(0), count}, x.options());
  const at::Tensor shift = offsets.defined() ? offsets : at::zeros({count});
  if (x.scalar_type() == at::kBFloat16) {
    multiply_bytes(static_cast<const uint16_t*>(x.const_data_ptr()), packed, shift, first, gelu,
                   out, static_cast<uint16_t*>(out.data_ptr()));
  } else {
    multiply_bytes(x.const_data_ptr<float>(), packed, shift, first, gelu, out,
                   out.data_ptr<float>());
  }
  return out;
}

at::Tensor multiply_unpacked(const at::Tensor& x, const PackedWeight& packed, const Codes& weights,
                             const at::Tensor& offsets, int64_t first, int64_t count, bool gelu) {
  constexpr int64_t kTiles = 32;  // unpacked at a time, so that they stay in the cache
  // A row more where the count is odd: oneDNN may cut odd ones into blocks that are far too small.
  const at::Tensor rows = at::constant_pad_nd(x.to(at::kBFloat16), {0, 0, 0, x.size(0) % 2});
  at::Tensor out = at::empty({x.size(0), count}, rows.options()),
             wide = at::empty({weights.inputs, kTiles * kTile}, rows.options());
  auto* data = static_cast<uint16_t*>(wide.data_ptr());
  for (int64_t channel = first; channel < first + count;) {
    const int64_t tile = channel / kTile,
                  tiles = std::min(kTiles, (first + count + kTile - 1) / kTile - tile),
                  end = std::min((tile + tiles) * kTile, first + count);
    at::parallel_for(0, tiles, 1, [&](int64_t begin, int64_t stop) {
      for (int64_t i = begin; i < stop; ++i)
        unpack_tile(weights, tile + i, data + i * kTile, kTiles * kTile);
    });
    const at::Tensor weight =
        wide.narrow(0, 0, packed.inputs).narrow(1, channel - tile * kTile, end - channel);
    out.narrow(1, channel - first, end - channel)
        .copy_(at::mm(rows, weight).narrow(0, 0, x.size(0)));
    channel = end;
  }
  if (offsets.defined()) out.add_(offsets);
  return gelu ? at::gelu(out, "tanh") : out;
}

}  // namespace showo::lowbit
