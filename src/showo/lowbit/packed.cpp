#include "showo/lowbit/packed.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "showo/core/option_error.h"
#include "showo/core/weightless.h"
#include "showo/lowbit/rounding.h"
#include "showo/lowbit/weight_view.h"

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

float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

// The codes of a channel's inputs, to their place in its tile.
void put_row(uint8_t* tile, int bits, int64_t inputs, int64_t channel, const int8_t* codes) {
  if (bits == 8) {
    std::memcpy(tile + channel * inputs, codes, inputs);
    return;
  }
  for (int64_t start = 0; start < inputs; start += 8) {
    for (int64_t odd = 0; odd < 2; ++odd) {
      unsigned nibbles = 0;
      for (int64_t pair = 0; pair < 4; ++pair)
        nibbles |= static_cast<unsigned>(codes[start + 2 * pair + odd] + 8) << 4 * pair;
      const auto all = static_cast<uint16_t>(nibbles);
      std::memcpy(tile + ((start / 8 * kTile + channel) * 2 + odd) * sizeof all, &all, sizeof all);
    }
  }
}

int8_t get_code(const uint8_t* tile, int bits, int64_t inputs, int64_t channel, int64_t k) {
  if (bits == 8) return static_cast<int8_t>(tile[channel * inputs + k]);
  uint16_t nibbles;
  std::memcpy(&nibbles, tile + ((k / 8 * kTile + channel) * 2 + k % 2) * sizeof nibbles,
              sizeof nibbles);
  return static_cast<int8_t>((nibbles >> k % 8 / 2 * 4 & 15) - 8);
}

// Where the scale of a channel's group stands among all.
int64_t scale_at(int bits, int64_t groups, int64_t channel, int64_t group) {
  if (bits == 8) return channel * groups + group;
  return (channel / kTile * groups + group) * kTile + channel % kTile;
}

// Pages of 2 MB, where the system gives them: reading all weights for every token, a CPU looks up
// 500 times fewer addresses. A file's pages are large already where its file system can do it.
void prefer_huge_pages(const at::Tensor& codes) {
#ifdef MADV_HUGEPAGE
  constexpr uintptr_t kPage = uintptr_t{2} << 20;
  const auto start = reinterpret_cast<uintptr_t>(codes.storage().data());
  const auto from = (start + kPage - 1) / kPage * kPage,
             to = (start + codes.storage().nbytes()) / kPage * kPage;
  if (to > from) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
#endif
}

}  // namespace

lowbit::WeightView view_of(const PackedWeight& packed) {
  return {static_cast<const uint8_t*>(packed.codes.const_data_ptr()),
          reinterpret_cast<const uint16_t*>(packed.scales.const_data_ptr()), padded_inputs(packed),
          group_of(packed), packed.format.bits};
}

LowBits LowBits::of(int bits) {
  if (bits == 8) return {8, 0};
  if (bits == 4) return {4, 32};
  throw OptionError("bits", std::to_string(bits), "expected 8 or 4");
}

void LowBits::check(const std::string& source) const {
  if (bits != 8 && bits != 4) fail("{}: bits {}: expected 8 or 4", source, bits);
  if (group < 0 || group % kStep || group > 1 << 20)
    fail("{}: group {}: expected a multiple of {}, or 0", source, group, kStep);
}

void LowBits::check_inputs(int64_t inputs, const std::string& source) const {
  const int64_t most = round_up(inputs, kStep);
  if (group > most)
    fail("{}: group {}: expected at most {}, as a layer has {} inputs", source, group, most,
         inputs);
}

PackedWeight empty_packed(int64_t outputs, int64_t inputs, const LowBits& format) {
  PackedWeight packed{format, outputs, inputs, {}, {}};
  const int64_t tiles = tiles_of(packed), padded = padded_inputs(packed);
  const int64_t groups = padded / group_of(packed);
  if (format.bits == 8) {
    packed.codes = unset({tiles * kTile, padded}, at::kChar);
    packed.scales = unset({tiles * kTile, groups}, at::kBFloat16);
  } else {
    packed.codes = unset({tiles, kTile * padded / 2}, at::kByte);
    packed.scales = unset({tiles, groups, kTile}, at::kBFloat16);
  }
  prefer_huge_pages(packed.codes);
  return packed;
}

PackedWeight pack(const at::Tensor& weight, const LowBits& format, const std::string& name) {
  PackedWeight packed = empty_packed(weight.size(0), weight.size(1), format);
  const int64_t padded = padded_inputs(packed), group = group_of(packed);
  auto* codes = static_cast<uint8_t*>(packed.codes.data_ptr());
  const int64_t tile_as_bytes = kTile * padded * format.bits / 8;
  auto* scales = reinterpret_cast<uint16_t*>(packed.scales.data_ptr());
  std::atomic<bool> finite = true;
  at::parallel_for(0, tiles_of(packed), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(padded, 0.F);
    std::vector<int8_t> rounded(padded);
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t channels = std::min(kTile, packed.outputs - tile * kTile);
      // A tile at a time: the weight may be a map of a file, and is read once.
      const at::Tensor rows = weight.narrow(0, tile * kTile, channels).to(at::kFloat).contiguous();
      for (int64_t i = 0; i < kTile; ++i) {
        if (i < channels) {
          std::copy_n(rows.const_data_ptr<float>() + i * packed.inputs, packed.inputs, row.data());
        } else {
          std::fill(row.begin(), row.end(), 0.F);
        }
        for (int64_t g = 0; g < padded / group; ++g) {
          uint16_t& scale = scales[scale_at(format.bits, padded / group, tile * kTile + i, g)];
          if (!lowbit::round_group(&row[g * group], group, format.bits, &rounded[g * group],
                                   &scale))
            finite = false;
        }
        put_row(codes + tile * tile_as_bytes, format.bits, padded, i, rounded.data());
      }
    }
  });
  if (!finite) fail("tensor '{}' holds a value that is not finite", name);
  return packed;
}

at::Tensor unpack(const PackedWeight& packed) {
  const int64_t padded = padded_inputs(packed), group = group_of(packed);
  const lowbit::WeightView w = view_of(packed);
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

}  // namespace showo
