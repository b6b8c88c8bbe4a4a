#include "showo/lowbit/blocks.h"

#include <algorithm>
#include <cstring>

// The targets of kernels.cpp.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/blocks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include "showo/lowbit/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
SHOWO_PAIRS_TARGET
namespace showo::lowbit::HWY_NAMESPACE {

// Of 8 bits: a tile's weights of some inputs widened to pairs of int16, pairs of inputs by
// channels.
struct Panel {
  static constexpr int64_t kDepth = 512;  // inputs at most: 16 kB

  int64_t depth = 0;  // inputs, which share a scale
  HWY_ALIGN int16_t pairs[kDepth * kTile];
  HWY_ALIGN float scales[kTile];

  // As many inputs of the tile from `start` on as share a scale and fit; then their codes.
  void begin(const Codes& w, int64_t tile, int64_t start) {
    const int64_t groups = w.inputs / w.group, group = start / w.group;
    depth = std::min(kDepth, (group + 1) * w.group - start);
    for (int64_t i = 0; i < kTile; ++i)
      scales[i] = from_bfloat16(w.scales[(tile * kTile + i) * groups + group]);
  }
};

#if HWY_TARGET == HWY_SCALAR

void widen(const Codes& w, int64_t tile, int64_t start, Panel& panel) {
  panel.begin(w, tile, start);
  for (int64_t k = 0; k < panel.depth; ++k)
    for (int64_t i = 0; i < kTile; ++i)
      panel.pairs[(k / 2 * kTile + i) * 2 + k % 2] =
          static_cast<int16_t>(code_of(w, tile, i, start + k));
}

void add_pairs_of_block(const Panel& panel, const int16_t* block, float* out) {
  for (int64_t r = 0; r < kBlock; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      int32_t sum = 0;
      for (int64_t k = 0; k < panel.depth; ++k)
        sum +=
            panel.pairs[(k / 2 * kTile + i) * 2 + k % 2] * block[(k / 2 * kBlock + r) * 2 + k % 2];
      out[r * kTile + i] += static_cast<float>(sum) * panel.scales[i];
    }
  }
}

void add_nibbles_of_block(const Codes& w, int64_t tile, const int8_t* block, const int32_t*,
                          float* out) {
  const uint16_t* scales = w.scales + tile * kTile * (w.inputs / w.group);
  for (int64_t r = 0; r < kBlock; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      for (int64_t start = 0; start < w.inputs; start += kStep) {
        int32_t sum = 0;
        for (int64_t k = start; k < start + kStep; ++k) {
          const int64_t input = k / 8 * 8 + kNibbleOrder[k % 8];
          sum += code_of(w, tile, i, input) * block[(k / 4 * kBlock + r) * 4 + k % 4];
        }
        out[r * kTile + i] +=
            static_cast<float>(sum) * from_bfloat16(scales[start / w.group * kTile + i]);
      }
    }
  }
}

#else

// Rows of four channels become pairs of four channels beside each other, four pairs at a time.
void widen(const Codes& w, int64_t tile, int64_t start, Panel& panel) {
  panel.begin(w, tile, start);
  const auto* codes = reinterpret_cast<const int8_t*>(w.codes) + tile * kTile * w.inputs + start;
  const hn::FixedTag<int8_t, 8> d8;
  const hn::FixedTag<int16_t, 8> d16;
  const hn::FixedTag<int32_t, 4> d32;
  const hn::FixedTag<int64_t, 2> d64;
  for (int64_t k = 0; k < panel.depth; k += 8) {
    for (int64_t i = 0; i < kTile; i += 4) {
      const auto row = [&](int64_t j) HWY_ATTR {
        return hn::BitCast(d32, hn::PromoteTo(d16, hn::LoadU(d8, codes + (i + j) * w.inputs + k)));
      };
      const auto a = row(0), b = row(1), c = row(2), d = row(3);
      const auto low = hn::BitCast(d64, hn::InterleaveLower(d32, a, b)),
                 low2 = hn::BitCast(d64, hn::InterleaveLower(d32, c, d)),
                 high = hn::BitCast(d64, hn::InterleaveUpper(d32, a, b)),
                 high2 = hn::BitCast(d64, hn::InterleaveUpper(d32, c, d));
      const auto put = [&](int64_t pair, auto v) HWY_ATTR {
        hn::Store(hn::BitCast(d16, v), d16, panel.pairs + ((k / 2 + pair) * kTile + i) * 2);
      };
      put(0, hn::InterleaveLower(d64, low, low2));
      put(1, hn::InterleaveUpper(d64, low, low2));
      put(2, hn::InterleaveLower(d64, high, high2));
      put(3, hn::InterleaveUpper(d64, high, high2));
    }
  }
}

constexpr int kAcross = std::min(kVectors, 2);  // vectors of channels at a time
// GCC would load all rows' values, and add up their products, ahead of the sums, which then leave
// their registers.
template <class V>
HWY_INLINE void keep_order(V (&sums)[kAcross]) {
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL
  for (auto& sum : sums) asm volatile("" : "+x"(sum.raw) : : "memory");
#else
  (void)sums;
#endif
}

using Sums = V32[kBlock][kAcross];

// Sums of channels from `lane` on, times their scales, are added to out [kBlock, kTile].
HWY_INLINE void add_to(const Sums& sums, const hn::Vec<DF> (&scales)[kAcross], int64_t lane,
                       float* out) {
  const DF d;
  for (int64_t r = 0; r < kBlock; ++r) {
    for (int v = 0; v < kAcross; ++v) {
      float* to = out + r * kTile + lane + v * kLanes;
      hn::StoreU(hn::MulAdd(hn::ConvertTo(d, sums[r][v]), scales[v], hn::LoadU(d, to)), d, to);
    }
  }
}

void add_pairs_of_block(const Panel& panel, const int16_t* block, float* out) {
  for (int64_t lane = 0; lane < kTile; lane += kAcross * kLanes) {
    Sums sums;
    for (auto& of_row : sums)
      for (auto& sum : of_row) sum = hn::Zero(D32());
    for (int64_t k = 0; k < panel.depth; k += 2) {
      V16 weights[kAcross];
      for (int v = 0; v < kAcross; ++v)
        weights[v] = hn::Load(D16(), panel.pairs + k * kTile + (lane + v * kLanes) * 2);
      for (int r = 0; r < kBlock; ++r) {
        const auto pair = broadcast_pair(block + k * kBlock + 2 * r);
        for (int v = 0; v < kAcross; ++v) sums[r][v] = add_pairs(weights[v], pair, sums[r][v]);
        keep_order(sums[r]);
      }
    }
    hn::Vec<DF> scales[kAcross];
    for (int v = 0; v < kAcross; ++v) scales[v] = hn::Load(DF(), panel.scales + lane + v * kLanes);
    add_to(sums, scales, lane, out);
  }
}

using DU8 = hn::Repartition<uint8_t, D32>;
using DI8 = hn::Repartition<int8_t, D32>;

// a[2i]·b[2i] + a[2i + 1]·b[2i + 1] in int16, for sums that fit.
HWY_INLINE V16 products_of_bytes(hn::Vec<DU8> a, hn::Vec<DI8> b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  return V16{_mm512_maddubs_epi16(a.raw, b.raw)};
#elif HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  return V16{_mm256_maddubs_epi16(a.raw, b.raw)};
#elif HWY_ARCH_X86
  return V16{_mm_maddubs_epi16(a.raw, b.raw)};
#else
  const D16 d;
  const auto a16 = hn::BitCast(DU16(), a);
  const auto b16 = hn::BitCast(d, b);
  const auto even = hn::BitCast(d, hn::And(a16, hn::Set(DU16(), uint16_t{0xff}))),
             odd = hn::BitCast(d, hn::ShiftRight<8>(a16));
  return even * hn::ShiftRight<8>(hn::ShiftLeft<8>(b16)) + odd * hn::ShiftRight<8>(b16);
#endif
}

HWY_INLINE V32 sum_of_pairs(V16 v) { return add_pairs(v, hn::Set(D16(), 1), hn::Zero(D32())); }

// Codes are as they lie, 8 more than the weights: at most 15, times 127, 16 times, fits in int16.
void add_nibbles_of_block(const Codes& w, int64_t tile, const int8_t* block,
                          const int32_t* sums_of_block, float* out) {
  const uint8_t* codes = w.codes + tile * kTile * w.inputs / 2;
  const auto* scales_at =
      reinterpret_cast<const hwy::bfloat16_t*>(w.scales + tile * kTile * (w.inputs / w.group));
  const auto mask = hn::Set(DU8(), uint8_t{15});
  for (int64_t start = 0; start < w.inputs; start += kStep) {
    for (int64_t lane = 0; lane < kTile; lane += kAcross * kLanes) {
      V16 sums16[kBlock][kAcross];
      for (auto& of_row : sums16)
        for (auto& sum : of_row) sum = hn::Zero(D16());
      for (int64_t k = start; k < start + kStep; k += 8) {
        const uint8_t* at = codes + (k / 8 * kTile + lane) * 4;
        for (int half = 0; half < 2; ++half) {
          hn::Vec<DU8> weights[kAcross];
          for (int v = 0; v < kAcross; ++v) {
            auto both = hn::LoadU(DU8(), at + v * kLanes * 4);
            if (half) both = hn::BitCast(DU8(), hn::ShiftRight<4>(hn::BitCast(DU16(), both)));
            weights[v] = hn::And(both, mask);
          }
          const int8_t* values_at = block + (k + 4 * half) * kBlock;
          for (int r = 0; r < kBlock; ++r) {
            const auto values = hn::BitCast(
                DI8(), broadcast_pair(reinterpret_cast<const int16_t*>(values_at + 4 * r)));
            for (int v = 0; v < kAcross; ++v)
              sums16[r][v] = sums16[r][v] + products_of_bytes(weights[v], values);
            keep_order(sums16[r]);
          }
        }
      }
      Sums sums;
      for (int r = 0; r < kBlock; ++r) {
        const auto excess = hn::Set(D32(), 8 * sums_of_block[start / kStep * kBlock + r]);
        for (int v = 0; v < kAcross; ++v) sums[r][v] = sum_of_pairs(sums16[r][v]) - excess;
      }
      hn::Vec<DF> scales[kAcross];
      for (int v = 0; v < kAcross; ++v) {
        const auto* at = scales_at + start / w.group * kTile + lane + v * kLanes;
        scales[v] = hn::PromoteTo(DF(), hn::LoadU(DB(), at));
      }
      add_to(sums, scales, lane, out);
    }
  }
}

#endif  // HWY_SCALAR

void multiply_tile_by_blocks(const Codes& w, int64_t tile, const Blocks& x, float* out) {
  const int64_t whole = x.rows / kBlock * kBlock;
  float last[kBlock * kTile] = {};  // of a block that has fewer rows
  std::fill_n(out, whole * kTile, 0.F);
  // Values of a row's block from `start` on, and where its sums go.
  const auto for_each_block = [&](auto* values, int64_t start, const auto& add) {
    for (int64_t row = 0; row < x.rows; row += kBlock)
      add(row, values + row * w.inputs + start * kBlock, row < whole ? out + row * kTile : last);
  };
  if (w.bits == 8) {
    Panel panel;
    for (int64_t start = 0; start < w.inputs; start += panel.depth) {
      widen(w, tile, start, panel);
      for_each_block(
          static_cast<const int16_t*>(x.values), start,
          [&](int64_t, const int16_t* block, float* to) { add_pairs_of_block(panel, block, to); });
    }
  } else {
    for_each_block(static_cast<const int8_t*>(x.values), 0,
                   [&](int64_t row, const int8_t* block, float* to) {
                     add_nibbles_of_block(w, tile, block, x.sums + row * (w.inputs / kStep), to);
                   });
  }
  std::copy_n(last, (x.rows - whole) * kTile, out + whole * kTile);
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t i = 0; i < kTile; ++i) out[r * kTile + i] *= x.scales[r];
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(multiply_tile_by_blocks);

void lay_block(const int16_t* values, int64_t rows, int64_t inputs, int16_t* block) {
  if (rows < kBlock) std::fill_n(block, inputs * kBlock, int16_t{0});
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < inputs; k += 2)
      std::memcpy(block + k * kBlock + 2 * r, values + r * inputs + k, 2 * sizeof(int16_t));
}

void lay_block(const int8_t* values, int64_t rows, int64_t inputs, int8_t* block, int32_t* sums) {
  std::fill_n(sums, inputs / kStep * kBlock, 0);
  if (rows < kBlock) std::fill_n(block, inputs * kBlock, int8_t{0});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t start = 0; start < inputs; start += 8) {
      const int8_t* from = values + r * inputs + start;
      int32_t sum = 0;
      for (int64_t k = 0; k < 8; ++k) {
        block[(start + k / 4 * 4) * kBlock + r * 4 + k % 4] = from[kNibbleOrder[k]];
        sum += from[k];
      }
      sums[start / kStep * kBlock + r] += sum;
    }
  }
}

void multiply_tile_by_blocks(const Codes& weights, int64_t tile, const Blocks& x, float* out) {
  HWY_DYNAMIC_DISPATCH(multiply_tile_by_blocks)(weights, tile, x, out);
}

}  // namespace showo::lowbit
#endif
