#include "showo/lowbit/packed.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "showo/core/device.h"
#include "showo/core/error.h"
#include "showo/lowbit/kernels.h"
#include "showo/lowbit/many_rows.h"
#include "showo/lowbit/rows.h"

namespace showo {
namespace {

using lowbit::kStep;
using lowbit::kTile;

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

int64_t tiles_of(const PackedWeight& packed) { return (packed.outputs + kTile - 1) / kTile; }

int64_t padded_inputs(const PackedWeight& packed) {
  return round_up(packed.inputs, packed.format.group ? packed.format.group : kStep);
}

int64_t group_of(const PackedWeight& packed) {
  return packed.format.group ? packed.format.group : padded_inputs(packed);
}

lowbit::Codes codes_of(const PackedWeight& packed) {
  return {static_cast<const uint8_t*>(packed.codes.const_data_ptr()),
          reinterpret_cast<const uint16_t*>(packed.scales.const_data_ptr()), padded_inputs(packed),
          group_of(packed), packed.format.bits};
}

// The nearest bfloat16 whose magnitude is not below: the largest weight keeps its place.
uint16_t to_bfloat16_up(float value) {
  return static_cast<uint16_t>((std::bit_cast<uint32_t>(value) + 0xffff) >> 16);
}

float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

// Rounds one group with a scale; the squared error is returned.
float round_group(const float* x, int64_t count, float scale, int lowest, int highest,
                  int8_t* codes) {
  const float inverse = scale == 0 ? 0 : 1 / scale;
  float error = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float code = std::clamp(std::nearbyint(x[i] * inverse), static_cast<float>(lowest),
                                  static_cast<float>(highest));
    codes[i] = static_cast<int8_t>(code);
    const float off = x[i] - code * scale;
    error += off * off;
  }
  return error;
}

// One group of one channel → codes and its scale.
uint16_t quantize_group(const float* x, int64_t count, int bits, int8_t* codes) {
  float largest = 0;  // with its sign
  for (int64_t i = 0; i < count; ++i)
    if (std::abs(x[i]) > std::abs(largest)) largest = x[i];
  if (bits == 8) {
    const uint16_t scale = to_bfloat16_up(std::abs(largest) / 127);
    round_group(x, count, from_bfloat16(scale), -127, 127, codes);
    return scale;
  }
  // The largest weight takes the longer, negative side; a smaller scale may serve the others
  // better.
  uint16_t best = 0;
  float least = std::numeric_limits<float>::infinity();
  for (const float part : {8.F, 7.6F, 8.4F, 8.8F, 9.2F, 9.6F, 7.2F}) {
    const uint16_t scale = to_bfloat16_up(-largest / part);
    const float error = round_group(x, count, from_bfloat16(scale), -8, 7, codes);
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  round_group(x, count, from_bfloat16(best), -8, 7, codes);
  return best;
}

// Where a code of a tile of 4 bits stands: its byte, and by how much it is shifted there. A uint16
// in little-endian order holds nibbles 0 and 1 in its first byte.
std::pair<int64_t, int> nibble_of(int64_t channel, int64_t k) {
  const int64_t pair = k % 8 / 2;
  return {((k / 8 * kTile + channel) * 2 + k % 2) * 2 + pair / 2, static_cast<int>(pair % 2 * 4)};
}

void put_code(uint8_t* tile, int bits, int64_t inputs, int64_t channel, int64_t k, int8_t code) {
  if (bits == 8) {
    tile[channel * inputs + k] = static_cast<uint8_t>(code);
  } else {
    const auto [at, shift] = nibble_of(channel, k);
    tile[at] = static_cast<uint8_t>(tile[at] | (code + 8) << shift);
  }
}

int8_t get_code(const uint8_t* tile, int bits, int64_t inputs, int64_t channel, int64_t k) {
  if (bits == 8) return static_cast<int8_t>(tile[channel * inputs + k]);
  const auto [at, shift] = nibble_of(channel, k);
  return static_cast<int8_t>((tile[at] >> shift & 15) - 8);
}

// Where the scale of a channel's group stands among all.
int64_t scale_at(int bits, int64_t groups, int64_t channel, int64_t group) {
  if (bits == 8) return channel * groups + group;
  return (channel / kTile * groups + group) * kTile + channel % kTile;
}

}  // namespace

LowBits LowBits::of(int bits) {
  if (bits == 8) return {8, 0};
  if (bits == 4) return {4, 32};
  throw UsageError(fmt::format("{} bits: expected 8 or 4", bits));
}

void LowBits::check(const std::string& source) const {
  if (bits != 8 && bits != 4) fail("{}: bits {}: expected 8 or 4", source, bits);
  if (group < 0 || group % kStep || group > 1 << 20)
    fail("{}: group {}: expected a multiple of {}, or 0", source, group, kStep);
}

PackedWeight empty_packed(int64_t outputs, int64_t inputs, const LowBits& format) {
  PackedWeight packed{format, outputs, inputs, {}, {}};
  const int64_t tiles = tiles_of(packed), padded = padded_inputs(packed);
  const int64_t groups = padded / group_of(packed);
  if (format.bits == 8) {
    packed.codes = at::empty({tiles * kTile, padded}, at::kChar);
    packed.scales = at::empty({tiles * kTile, groups}, at::kBFloat16);
  } else {
    packed.codes = at::empty({tiles, kTile * padded / 2}, at::kByte);
    packed.scales = at::empty({tiles, groups, kTile}, at::kBFloat16);
  }
  return packed;
}

PackedWeight pack(const at::Tensor& weight, const LowBits& format, const std::string& name) {
  PackedWeight packed = empty_packed(weight.size(0), weight.size(1), format);
  const int64_t padded = padded_inputs(packed), group = group_of(packed);
  auto* codes = static_cast<uint8_t*>(packed.codes.data_ptr());
  const int64_t tile_bytes = kTile * padded * format.bits / 8;
  auto* scales = reinterpret_cast<uint16_t*>(packed.scales.data_ptr());
  std::atomic<bool> finite = true;
  at::parallel_for(0, tiles_of(packed), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(padded, 0.F);
    std::vector<int8_t> rounded(group);
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t channels = std::min(kTile, packed.outputs - tile * kTile);
      // A tile at a time: the weight may be a map of a file, and is read once.
      const at::Tensor rows = weight.narrow(0, tile * kTile, channels).to(at::kFloat).contiguous();
      if (!rows.isfinite().all().item<bool>()) {
        finite = false;
        continue;
      }
      uint8_t* at = codes + tile * tile_bytes;
      std::fill_n(at, tile_bytes, uint8_t{0});
      for (int64_t i = 0; i < kTile; ++i) {
        std::fill(row.begin(), row.end(), 0.F);
        if (i < channels)
          std::copy_n(rows.const_data_ptr<float>() + i * packed.inputs, packed.inputs, row.data());
        for (int64_t g = 0; g < padded / group; ++g) {
          scales[scale_at(format.bits, padded / group, tile * kTile + i, g)] =
              quantize_group(&row[g * group], group, format.bits, rounded.data());
          for (int64_t k = 0; k < group; ++k)
            put_code(at, format.bits, padded, i, g * group + k, rounded[k]);
        }
      }
    }
  });
  if (!finite) fail("tensor '{}' holds a value that is not finite", name);
  return packed;
}

at::Tensor unpack(const PackedWeight& packed) {
  const int64_t padded = padded_inputs(packed), group = group_of(packed);
  const lowbit::Codes w = codes_of(packed);
  at::Tensor weight = at::empty({packed.outputs, packed.inputs}, at::kFloat);
  auto* to = weight.data_ptr<float>();
  at::parallel_for(0, packed.outputs, kTile, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      const int64_t tile = o / kTile, i = o % kTile;
      const uint8_t* at = w.codes + tile * kTile * padded * w.bits / 8;
      for (int64_t k = 0; k < packed.inputs; ++k) {
        const uint16_t scale = w.scales[scale_at(w.bits, padded / group, o, k / group)];
        to[o * packed.inputs + k] = get_code(at, w.bits, padded, i, k) * from_bfloat16(scale);
      }
    }
  });
  return weight;
}

namespace {

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

// Of few rows, by our own kernels. T: float or BFloat16.
template <class T>
at::Tensor multiply_few(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& offsets,
                        int64_t first, int64_t count, bool gelu) {
  using Bits = std::conditional_t<std::is_same_v<T, float>, float, uint16_t>;
  const int64_t rows = x.size(0), padded = padded_inputs(packed), steps = padded / kStep;
  const at::Tensor values = at::empty({rows, padded}, at::kShort), row_scales = at::empty({rows}),
                   sums =
                       packed.format.bits == 4 ? at::empty({rows, steps}, at::kInt) : at::Tensor();
  auto* sums_data = sums.defined() ? sums.data_ptr<int32_t>() : nullptr;
  const lowbit::Activations activations{values.data_ptr<int16_t>(), row_scales.data_ptr<float>(),
                                        sums_data, rows};
  const auto* from = reinterpret_cast<const Bits*>(x.const_data_ptr<T>());
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      lowbit::quantize_row(
          from + r * packed.inputs, packed.inputs, padded, values.data_ptr<int16_t>() + r * padded,
          row_scales.data_ptr<float>() + r, sums_data ? sums_data + r * steps : nullptr);
    }
  });
  const at::Tensor out = at::empty({rows, count}, x.options());
  auto* to = out.data_ptr<T>();
  const float* offset = offsets.defined() ? offsets.const_data_ptr<float>() : nullptr;
  const lowbit::Codes weights = codes_of(packed);
  // A thread's part is worth waking it for.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (kTile * padded * rows));
  const int64_t tiles = (first + count + kTile - 1) / kTile;
  share_out(first / kTile, tiles, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> products(rows * kTile);
    for (int64_t tile = begin; tile < end; ++tile) {
      lowbit::multiply_tile(weights, tile, activations, products.data());
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
    y = multiply_few<at::BFloat16>(flat, packed, offsets, first, count, gelu);
  } else {
    y = multiply_few<float>(flat, packed, offsets, first, count, gelu);
  }
  auto shape = x.sizes().vec();
  shape.back() = count;
  return y.to(x.scalar_type()).reshape(shape);
}

}  // namespace showo
