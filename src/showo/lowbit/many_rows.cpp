#include "showo/lowbit/many_rows.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "showo/lowbit/nibbles.h"
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
      round_row(x + r * inputs, inputs, padded, bytes.data_ptr<int8_t>() + r * padded,
                scales.data_ptr<float>() + r);
    }
  });
  return scales;
}

// Some channels of a weight as bytes, [inputs, channels] or its transpose, and their scales.
struct Bytes {
  at::Tensor weight, scales;
};

// Of 4 bits, into `bytes` [inputs, at least the tiles' channels]; the caller takes what it needs.
Bytes bytes_of_tiles(const WeightView& weights, int64_t tile, int64_t tiles,
                     const at::Tensor& bytes) {
  const at::Tensor scales = at::empty({tiles * kTile});
  at::parallel_for(0, tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      tile_as_bytes(weights, tile + i, bytes.data_ptr<int8_t>() + i * kTile, bytes.size(1),
                    scales.data_ptr<float>() + i * kTile);
    }
  });
  return {bytes, scales};
}

template <class T>
void multiply_many_rows(const T* x, const PackedWeight& packed, const WeightView& weights,
                        const at::Tensor& offsets, int64_t first, bool gelu, at::Tensor& out,
                        T* to) {
  const int64_t rows = out.size(0), count = out.size(1);
  at::Tensor bytes = at::empty({rows, weights.inputs}, at::kChar);
  const at::Tensor row_scales = round_rows(x, packed.inputs, bytes);
  // Channels begin … begin + size of the result.
  const auto put = [&](const Bytes& part, int64_t begin, int64_t size) {
    const at::Tensor sums = at::_int_mm(bytes, part.weight);
    at::parallel_for(0, rows, 4, [&](int64_t from, int64_t end) {
      for (int64_t r = from; r < end; ++r) {
        scale_sums(sums.const_data_ptr<int32_t>() + r * size, part.scales.const_data_ptr<float>(),
                   row_scales.const_data_ptr<float>()[r], offsets.const_data_ptr<float>() + begin,
                   size, gelu, to + r * count + begin);
      }
    });
  };
  if (packed.format.bits == 8) {
    put({packed.codes.narrow(0, first, count).t(),
         packed.scales.narrow(0, first, count).to(at::kFloat)},
        0, count);
    return;
  }
  constexpr int64_t kTiles = 32;  // made bytes at a time, so that they stay in the cache
  const at::Tensor room = at::empty({weights.inputs, kTiles * kTile}, at::kChar);
  for (int64_t channel = first; channel < first + count;) {
    const int64_t tile = channel / kTile, past = channel - tile * kTile;
    const int64_t tiles = std::min(kTiles, (first + count + kTile - 1) / kTile - tile);
    const int64_t size = std::min(tiles * kTile - past, first + count - channel);
    const Bytes all = bytes_of_tiles(weights, tile, tiles, room);
    put({all.weight.narrow(1, past, size), all.scales.narrow(0, past, size)}, channel - first,
        size);
    channel += size;
  }
}

}  // namespace

at::Tensor multiply_many_rows(const at::Tensor& x, const PackedWeight& packed,
                              const WeightView& weights, const at::Tensor& offsets, int64_t first,
                              int64_t count, bool gelu) {
  at::Tensor out = at::empty({x.size(0), count}, x.options());
  const at::Tensor shift = offsets.defined() ? offsets : at::zeros({count});
  if (x.scalar_type() == at::kBFloat16) {
    multiply_many_rows(static_cast<const uint16_t*>(x.const_data_ptr()), packed, weights, shift,
                       first, gelu, out, static_cast<uint16_t*>(out.data_ptr()));
  } else {
    multiply_many_rows(x.const_data_ptr<float>(), packed, weights, shift, first, gelu, out,
                       out.data_ptr<float>());
  }
  return out;
}

}  // namespace showo::lowbit
