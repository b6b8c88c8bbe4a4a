#include "showo/lowbit/multiply.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "showo/core/device.h"
#include "showo/lowbit/blocks.h"
#include "showo/lowbit/kernels.h"
#include "showo/lowbit/many_rows.h"
#include "showo/lowbit/rows.h"

namespace showo {
namespace {

using lowbit::kStep;
using lowbit::kTile;

// work(begin, end) over from … to by all threads: whoever is done takes the next piece, since cores
// that share memory and neighbours are not equally fast.
template <class Work>
void share_out(int64_t from, int64_t to, int64_t grain, const Work& work) {
  constexpr int64_t kPieces = 16;  // a thread
  const int64_t threads =
      std::clamp<int64_t>((to - from + grain - 1) / grain, 1, at::get_num_threads());
  const int64_t piece = std::max(grain, (to - from) / (threads * kPieces));
  std::atomic<int64_t> next = from;
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t at; (at = next.fetch_add(piece)) < to;) work(at, std::min(at + piece, to));
  });
}

// Rows of activations as integers, as the kernels for that many rows want them.
struct Rounded {
  at::Tensor values, scales, sums;
  bool blocks = false;

  void multiply(const lowbit::Codes& weights, int64_t tile, float* out) const {
    const auto* by = scales.const_data_ptr<float>();
    const auto* of_steps = sums.defined() ? sums.const_data_ptr<int32_t>() : nullptr;
    const int64_t rows = scales.size(0);
    if (blocks) {
      const lowbit::Blocks x{values.const_data_ptr(), by, of_steps, rows};
      lowbit::multiply_tile_by_blocks(weights, tile, x, out);
    } else {
      const lowbit::Activations x{values.const_data_ptr<int16_t>(), by, of_steps, rows};
      lowbit::multiply_tile(weights, tile, x, out);
    }
  }
};

template <class Bits>
Rounded round_few(const Bits* x, int64_t rows, int64_t inputs, const lowbit::Codes& weights) {
  const int64_t padded = weights.inputs, steps = padded / kStep;
  Rounded rounded{at::empty({rows, padded}, at::kShort), at::empty({rows}), {}};
  int32_t* sums = nullptr;
  if (weights.bits == 4) {
    rounded.sums = at::empty({rows, steps}, at::kInt);
    sums = rounded.sums.data_ptr<int32_t>();
  }
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      lowbit::quantize_row(x + r * inputs, inputs, padded,
                           rounded.values.data_ptr<int16_t>() + r * padded,
                           rounded.scales.data_ptr<float>() + r, sums ? sums + r * steps : nullptr);
    }
  });
  return rounded;
}

// Code: int16_t for weights of 8 bits, int8_t for those of 4.
template <class Code, class Bits>
Rounded round_blocks(const Bits* x, int64_t rows, int64_t inputs, const lowbit::Codes& weights) {
  using lowbit::kBlock;
  constexpr bool kBytes = std::is_same_v<Code, int8_t>;
  const int64_t padded = weights.inputs, blocks = (rows + kBlock - 1) / kBlock;
  const Rounded rounded{
      at::empty({blocks, kBlock * padded}, kBytes ? at::kChar : at::kShort), at::empty({rows}),
      kBytes ? at::empty({blocks, kBlock * padded / kStep}, at::kInt) : at::Tensor(), true};
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<Code> values(kBlock * padded);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kBlock, some = std::min(kBlock, rows - first);
      for (int64_t r = 0; r < some; ++r) {
        const Bits* from = x + (first + r) * inputs;
        float* scale = rounded.scales.data_ptr<float>() + first + r;
        if constexpr (kBytes) {
          lowbit::round_to_bytes(from, inputs, padded, values.data() + r * padded, scale);
        } else {
          lowbit::quantize_row(from, inputs, padded, values.data() + r * padded, scale, nullptr);
        }
      }
      Code* block = rounded.values.data_ptr<Code>() + first * padded;
      if constexpr (kBytes) {
        lowbit::lay_block(values.data(), some, padded, block,
                          rounded.sums.data_ptr<int32_t>() + first * (padded / kStep));
      } else {
        lowbit::lay_block(values.data(), some, padded, block);
      }
    }
  });
  return rounded;
}

template <class Bits>
Rounded round_rows(const Bits* x, int64_t rows, int64_t inputs, const lowbit::Codes& weights) {
  if (rows < lowbit::kRowsForBlocks) return round_few(x, rows, inputs, weights);
  if (weights.bits == 8) return round_blocks<int16_t>(x, rows, inputs, weights);
  return round_blocks<int8_t>(x, rows, inputs, weights);
}

// By our own kernels. T: float or BFloat16.
template <class T>
at::Tensor multiply_integers(const at::Tensor& x, const PackedWeight& packed,
                             const at::Tensor& offsets, int64_t first, int64_t count, bool gelu) {
  using Bits = std::conditional_t<std::is_same_v<T, float>, float, uint16_t>;
  const lowbit::Codes weights = codes_of(packed);
  const int64_t rows = x.size(0);
  const auto* from = reinterpret_cast<const Bits*>(x.const_data_ptr<T>());
  const Rounded rounded = round_rows(from, rows, packed.inputs, weights);
  const at::Tensor out = at::empty({rows, count}, x.options());
  auto* to = out.data_ptr<T>();
  const float* offset = offsets.defined() ? offsets.const_data_ptr<float>() : nullptr;
  // A thread's part is worth waking it for.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (kTile * weights.inputs * rows));
  const int64_t tiles = (first + count + kTile - 1) / kTile;
  share_out(first / kTile, tiles, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> products(rows * kTile);
    for (int64_t tile = begin; tile < end; ++tile) {
      rounded.multiply(weights, tile, products.data());
      const int64_t low = std::max(tile * kTile, first),
                    high = std::min((tile + 1) * kTile, first + count);
      if (offset) {
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t o = low; o < high; ++o)
            products[r * kTile + o - tile * kTile] += offset[o - first];
      }
      if (gelu) lowbit::gelu(products.data(), rows * kTile);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t o = low; o < high; ++o)
          to[r * count + o - first] = static_cast<T>(products[r * kTile + o - tile * kTile]);
    }
  });
  return out;
}

}  // namespace

at::Tensor multiply(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                    int64_t first, int64_t count, bool gelu) {
  TORCH_CHECK(x.size(-1) == packed.inputs && first >= 0 && first + count <= packed.outputs);
  const bool bf16 = x.scalar_type() == at::kBFloat16;
  const at::Tensor flat =
      x.reshape({-1, packed.inputs}).to(bf16 ? at::kBFloat16 : at::kFloat).contiguous();
  const at::Tensor offsets =
      bias.defined() ? bias.narrow(0, first, count).to(at::kFloat) : at::Tensor();
  const int64_t rows = flat.size(0);
  at::Tensor y;
  const bool eight = packed.format.bits == 8;
  const bool many = rows >= (eight ? lowbit::kManyRows : lowbit::kManyRowsOfFourBits);
  if (many && (!eight || packed.format.group == 0) && multiplies_bytes()) {
    y = lowbit::multiply_bytes(flat, packed, codes_of(packed), offsets, first, count, gelu);
  } else if (bf16) {
    y = multiply_integers<at::BFloat16>(flat, packed, offsets, first, count, gelu);
  } else {
    y = multiply_integers<float>(flat, packed, offsets, first, count, gelu);
  }
  auto shape = x.sizes().vec();
  shape.back() = count;
  return y.to(x.scalar_type()).reshape(shape);
}

}  // namespace showo
