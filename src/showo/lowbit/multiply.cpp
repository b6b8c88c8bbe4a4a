#include "showo/lowbit/multiply.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "showo/core/device.h"
#include "showo/core/pieces.h"
#include "showo/lowbit/bytes.h"
#include "showo/lowbit/many_rows.h"
#include "showo/lowbit/nibbles.h"
#include "showo/lowbit/rows.h"

namespace showo {
namespace {

using lowbit::kBlock;
using lowbit::kStep;
using lowbit::kTile;

// Rows of activations as weights of 8 bits are multiplied by.
struct RoundedTo15Bits {
  at::Tensor values, scales;
  bool blocks;

  template <class Bits>
  RoundedTo15Bits(const Bits* x, int64_t rows, int64_t inputs, int64_t padded)
      : scales(at::empty({rows})), blocks(rows >= lowbit::kRowsForBlocks) {
    const int64_t count = (rows + kBlock - 1) / kBlock;
    values = at::empty({blocks ? count * kBlock : rows, padded}, at::kShort);
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      std::vector<int16_t> plain(blocks ? kBlock * padded : 0);
      for (int64_t first = begin * kBlock; first < std::min(end * kBlock, rows); first += kBlock) {
        const int64_t some = std::min(kBlock, rows - first);
        auto* block = values.data_ptr<int16_t>() + first * padded;
        auto* to = blocks ? plain.data() : block;
        for (int64_t r = 0; r < some; ++r) {
          lowbit::round_row(x + (first + r) * inputs, inputs, padded, to + r * padded,
                            scales.data_ptr<float>() + first + r);
        }
        if (blocks) lowbit::lay_block(to, some, padded, block);
      }
    });
  }
  void multiply(const lowbit::WeightView& weights, int64_t tile, float* out) const {
    const lowbit::Rows16 x{values.const_data_ptr<int16_t>(), scales.const_data_ptr<float>(),
                           scales.size(0), blocks};
    lowbit::multiply_tile_of_8_bits(weights, tile, x, out);
  }
};

// Rows of activations as weights of 4 bits are multiplied by.
struct RoundedTo8Bits {
  at::Tensor values, scales, excess;

  template <class Bits>
  RoundedTo8Bits(const Bits* x, int64_t rows, int64_t inputs, int64_t padded)
      : values(at::empty({rows, padded}, at::kChar)),
        scales(at::empty({rows, padded / kStep})),
        excess(at::empty({rows, padded / kStep}, at::kInt)) {
    const int64_t count = (rows + kBlock - 1) / kBlock, steps = padded / kStep;
    auto* to_values = values.data_ptr<int8_t>();
    auto* to_scales = scales.data_ptr<float>();
    auto* to_excess = excess.data_ptr<int32_t>();
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      std::vector<int8_t> plain(kBlock * padded);
      std::vector<float> row_scales(steps);
      std::vector<int32_t> row_sums(steps);
      for (int64_t first = begin * kBlock; first < std::min(end * kBlock, rows); first += kBlock) {
        const int64_t some = std::min(kBlock, rows - first);
        for (int64_t r = 0; r < some; ++r) {
          lowbit::round_steps(x + (first + r) * inputs, inputs, padded, plain.data() + r * padded,
                              row_scales.data(), row_sums.data());
          for (int64_t s = 0; s < steps; ++s) {
            to_scales[first * steps + s * some + r] = row_scales[s];
            to_excess[first * steps + s * some + r] = 8 * row_sums[s];
          }
        }
        lowbit::lay_block(plain.data(), some, padded, to_values + first * padded);
      }
    });
  }
  void multiply(const lowbit::WeightView& weights, int64_t tile, float* out) const {
    const lowbit::Rows8 x{values.const_data_ptr<int8_t>(), scales.const_data_ptr<float>(),
                          excess.const_data_ptr<int32_t>(), scales.size(0)};
    lowbit::multiply_tile_of_4_bits(weights, tile, x, out);
  }
};

// By our own kernels, into `out` [rows, count]. T: that of x, float or BFloat16.
template <class Rounded, class T>
void multiply_integers(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& offsets,
                       int64_t first, int64_t count, bool gelu, const at::Tensor& out) {
  using Bits = std::conditional_t<std::is_same_v<T, float>, float, uint16_t>;
  const lowbit::WeightView weights = view_of(packed);
  const int64_t rows = x.size(0);
  const Rounded rounded(reinterpret_cast<const Bits*>(x.const_data_ptr<T>()), rows, packed.inputs,
                        weights.inputs);
  auto* to = reinterpret_cast<Bits*>(out.data_ptr<T>());
  const at::Tensor shift = offsets.defined() ? offsets : at::zeros({count});
  const auto* offset = shift.const_data_ptr<float>();
  // Tiles of a piece: so many that waking a thread costs little beside them.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (kTile * weights.inputs * rows));
  const int64_t tiles = (first + count + kTile - 1) / kTile;
  for_each_piece(first / kTile, tiles, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> products(rows * kTile);
    for (int64_t tile = begin; tile < end; ++tile) {
      rounded.multiply(weights, tile, products.data());
      const int64_t low = std::max(tile * kTile, first),
                    high = std::min((tile + 1) * kTile, first + count);
      for (int64_t r = 0; r < rows; ++r)
        lowbit::offset_products(&products[r * kTile + low - tile * kTile], offset + low - first,
                                high - low, gelu, to + r * count + low - first);
    }
  });
}

// Every tile of weights passes by all rows, which have to stay in a near cache meanwhile: of 2,560
// rows on an AVX2 CPU a product takes 1.4 times as long as in parts of 512.
constexpr int64_t kRowsAtOnce = 512;

template <class Rounded>
at::Tensor multiply_rounded(const at::Tensor& x, const PackedWeight& packed,
                            const at::Tensor& offsets, int64_t first, int64_t count, bool gelu) {
  const auto by = x.scalar_type() == at::kBFloat16 ? multiply_integers<Rounded, at::BFloat16>
                                                   : multiply_integers<Rounded, float>;
  const int64_t rows = x.size(0), parts = (rows + kRowsAtOnce - 1) / kRowsAtOnce,
                part = (rows + parts - 1) / parts;
  const at::Tensor out = at::empty({rows, count}, x.options());
  for (int64_t at = 0; at < rows; at += part) {
    const int64_t some = std::min(part, rows - at);
    by(x.narrow(0, at, some), packed, offsets, first, count, gelu, out.narrow(0, at, some));
  }
  return out;
}

}  // namespace

at::Tensor multiply(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                    int64_t first, int64_t count, bool gelu) {
  TORCH_CHECK(x.size(-1) == packed.inputs && first >= 0 && first + count <= packed.outputs);
  auto shape = x.sizes().vec();
  shape.back() = count;
  if (x.numel() == 0 || count == 0) return at::empty(shape, x.options());
  const auto dtype = x.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat;
  const at::Tensor flat = x.reshape({-1, packed.inputs}).to(dtype).contiguous();
  const at::Tensor offsets =
      bias.defined() ? bias.narrow(0, first, count).to(at::kFloat) : at::Tensor();
  const int64_t rows = flat.size(0);
  at::Tensor y;
  const bool eight = packed.format.bits == 8;
  const bool many = rows >= (eight ? lowbit::kManyRows : lowbit::kManyRowsOfFourBits);
  if (many && (!eight || packed.format.group == 0) && multiplies_bytes()) {
    y = lowbit::multiply_many_rows(flat, packed, view_of(packed), offsets, first, count, gelu);
  } else {
    const auto by = eight ? multiply_rounded<RoundedTo15Bits> : multiply_rounded<RoundedTo8Bits>;
    y = by(flat, packed, offsets, first, count, gelu);
  }
  return y.to(x.scalar_type()).reshape(shape);
}

}  // namespace showo
