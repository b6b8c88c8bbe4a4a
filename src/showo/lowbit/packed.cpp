#include "showo/lowbit/packed.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "showo/core/error.h"
#include "showo/lowbit/kernels.h"
#include "showo/lowbit/many_rows.h"

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
  return {packed.codes.const_data_ptr<uint8_t>(),
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

void put_code(uint8_t* tile, int bits, int64_t channel, int64_t k, int8_t code) {
  if (bits == 8) {
    tile[(k / 2 * kTile + channel) * 2 + k % 2] = static_cast<uint8_t>(code);
  } else {  // a uint16 in little-endian order holds nibbles 0 and 1 in its first byte
    const int64_t pair = k % 8 / 2;
    auto& byte = tile[((k / 8 * kTile + channel) * 2 + k % 2) * 2 + pair / 2];
    byte = static_cast<uint8_t>(byte | (code + 8) << (pair % 2 * 4));
  }
}

int8_t get_code(const uint8_t* tile, int bits, int64_t channel, int64_t k) {
  if (bits == 8) return static_cast<int8_t>(tile[(k / 2 * kTile + channel) * 2 + k % 2]);
  const int64_t pair = k % 8 / 2;
  const uint8_t byte = tile[((k / 8 * kTile + channel) * 2 + k % 2) * 2 + pair / 2];
  return static_cast<int8_t>((byte >> (pair % 2 * 4) & 15) - 8);
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
  packed.codes = at::empty({tiles, kTile * padded * format.bits / 8}, at::kByte);
  packed.scales = at::empty({tiles, padded / group_of(packed), kTile}, at::kBFloat16);
  return packed;
}

PackedWeight pack(const at::Tensor& weight, const LowBits& format, const std::string& name) {
  PackedWeight packed = empty_packed(weight.size(0), weight.size(1), format);
  const int64_t padded = padded_inputs(packed), group = group_of(packed);
  auto* codes = packed.codes.data_ptr<uint8_t>();
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
      uint8_t* at = codes + tile * packed.codes.size(1);
      std::fill_n(at, packed.codes.size(1), uint8_t{0});
      for (int64_t i = 0; i < kTile; ++i) {
        std::fill(row.begin(), row.end(), 0.F);
        if (i < channels)
          std::copy_n(rows.const_data_ptr<float>() + i * packed.inputs, packed.inputs, row.data());
        for (int64_t g = 0; g < padded / group; ++g) {
          scales[(tile * (padded / group) + g) * kTile + i] =
              quantize_group(&row[g * group], group, format.bits, rounded.data());
          for (int64_t k = 0; k < group; ++k)
            put_code(at, format.bits, i, g * group + k, rounded[k]);
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
      const uint8_t* at = w.codes + tile * packed.codes.size(1);
      for (int64_t k = 0; k < packed.inputs; ++k) {
        const uint16_t scale = w.scales[(tile * (padded / group) + k / group) * kTile + i];
        to[o * packed.inputs + k] = get_code(at, w.bits, i, k) * from_bfloat16(scale);
      }
    }
  });
  return weight;
}

at::Tensor multiply(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                    int64_t first, int64_t count) {
  TORCH_CHECK(x.size(-1) == packed.inputs && first >= 0 && first + count <= packed.outputs);
  const at::Tensor flat = x.reshape({-1, packed.inputs}).to(at::kFloat).contiguous();
  const int64_t rows = flat.size(0), padded = padded_inputs(packed), steps = padded / kStep;
  auto shape = x.sizes().vec();
  shape.back() = count;
  const bool scale_a_channel = packed.format.bits == 8 && packed.format.group == 0;
  if (scale_a_channel && rows >= lowbit::kManyRows && lowbit::multiplies_bytes())
    return lowbit::multiply_bytes(flat, packed, bias, first, count)
        .to(x.scalar_type())
        .reshape(shape);
  at::Tensor values = at::empty({rows, padded}, at::kShort), row_scales = at::empty({rows}),
             sums = at::empty({rows, steps}, at::kInt);
  const lowbit::Activations activations{values.data_ptr<int16_t>(), row_scales.data_ptr<float>(),
                                        sums.data_ptr<int32_t>(), rows};
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      lowbit::quantize_row(flat.const_data_ptr<float>() + r * packed.inputs, packed.inputs, padded,
                           values.data_ptr<int16_t>() + r * padded,
                           row_scales.data_ptr<float>() + r, sums.data_ptr<int32_t>() + r * steps);
    }
  });
  const int64_t from = first / kTile, to = (first + count + kTile - 1) / kTile;
  at::Tensor out = at::empty({rows, (to - from) * kTile});
  const lowbit::Codes weights = codes_of(packed);
  // A thread's part is worth waking it for.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (kTile * padded * rows));
  at::parallel_for(from, to, grain, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile)
      lowbit::multiply_tile(weights, tile, activations,
                            out.data_ptr<float>() + (tile - from) * kTile, out.size(1));
  });
  at::Tensor result = out.narrow(1, first - from * kTile, count);
  if (bias.defined()) result = at::add(result, bias.narrow(0, first, count));
  return result.to(x.scalar_type()).reshape(shape);
}

}  // namespace showo
