#include "showo/lowbit/bytes.h"

#include <algorithm>
#include <cstring>

#include "showo/lowbit/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/bytes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include "showo/lowbit/integers-inl.h"

HWY_BEFORE_NAMESPACE();
SHOWO_INTEGERS_TARGET
namespace showo::lowbit::HWY_NAMESPACE {

// Few rows.

#if HWY_TARGET == HWY_SCALAR

template <int kRows>
void tile_of_rows(const WeightView& w, int64_t tile, const Rows16& x, int64_t row,
                  float (&out)[kRows][kTile]) {
  const int64_t groups = w.inputs / w.group;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      out[r][i] = 0;
      for (int64_t start = 0; start < w.inputs; start += kStep) {
        int32_t sum = 0;
        for (int64_t k = start; k < start + kStep; ++k)
          sum += code_of(w, tile, i, k) * x.values[(row + r) * w.inputs + k];
        const uint16_t scale = w.scales[(tile * kTile + i) * groups + start / w.group];
        out[r][i] += static_cast<float>(sum) * from_bfloat16(scale);
      }
    }
  }
}

#else

constexpr int64_t kAhead = 512;  // bytes

// Codes of 8 bits lie as they are multiplied: a lane is an input, a channel's sums are added across
// lanes at its end. For kRows rows, kChannels of the tile from `first` on, kApart apart → out.
// Channels apart are streams in pages of their own, which the CPU foresees better than one, and
// than neighbours in one page; asked for weights ahead, it is slower with one row and faster with
// more.
template <int kRows, int kChannels, int64_t kApart>
HWY_INLINE void dot_int8(const WeightView& w, int64_t tile, int64_t first, const Rows16& x,
                         int64_t row, float (&out)[kRows][kTile]) {
  constexpr int64_t kWide = 2 * kLanes;      // inputs of a vector
  constexpr int64_t kExact = 1024 * kLanes;  // inputs that int32 holds the sums of
  const int64_t channel = tile * kTile + first, groups = w.inputs / w.group;
  const auto* codes = reinterpret_cast<const int8_t*>(w.codes) + channel * w.inputs;
  const int16_t* values = x.values + row * w.inputs;
  const DF d;
  hn::Vec<DF> totals[kRows][kChannels];
  for (auto& of_row : totals)
    for (auto& total : of_row) total = hn::Zero(d);
  for (int64_t start = 0; start < w.inputs;) {
    const int64_t group = start / w.group;
    const int64_t end = std::min({start + kExact, (group + 1) * w.group, w.inputs});
    V32 sums[kRows][kChannels];
    for (auto& of_row : sums)
      for (auto& sum : of_row) sum = hn::Zero(D32());
    for (int64_t k = start; k < end; k += kWide) {
      V16 weights[kChannels];
      for (int64_t c = 0; c < kChannels; ++c) {
        const int8_t* at = codes + c * kApart * w.inputs + k;
        if (kRows > 1) __builtin_prefetch(at + kAhead);
        weights[c] = hn::PromoteTo(D16(), hn::LoadU(D8(), at));
      }
      for (int64_t r = 0; r < kRows; ++r) {
        const auto v = hn::LoadU(D16(), values + r * w.inputs + k);
        for (int64_t c = 0; c < kChannels; ++c) sums[r][c] = add_pairs(weights[c], v, sums[r][c]);
      }
    }
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < kChannels; ++c) {
        const uint16_t scale = w.scales[(channel + c * kApart) * groups + group];
        totals[r][c] = hn::MulAdd(hn::ConvertTo(d, sums[r][c]), hn::Set(d, from_bfloat16(scale)),
                                  totals[r][c]);
      }
    }
    start = end;
  }
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t c = 0; c < kChannels; ++c)
      out[r][first + c * kApart] = hn::GetLane(hn::SumOfLanes(d, totals[r][c]));
}

template <int kRows>
HWY_INLINE void tile_of_rows(const WeightView& w, int64_t tile, const Rows16& x, int64_t row,
                             float (&out)[kRows][kTile]) {
  constexpr int kChannels = kRows == 1 ? 8 : kVectors > 1 ? 2 : 4;
  constexpr int64_t kApart = kTile / kChannels;
  for (int64_t first = 0; first < kApart; ++first)
    dot_int8<kRows, kChannels, kApart>(w, tile, first, x, row, out);
}

#endif  // HWY_SCALAR

template <int kRows>
void multiply_rows(const WeightView& w, int64_t tile, const Rows16& x, int64_t row, float* to) {
  HWY_ALIGN float out[kRows][kTile];
  tile_of_rows<kRows>(w, tile, x, row, out);
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t i = 0; i < kTile; ++i) to[(row + r) * kTile + i] = out[r][i] * x.scales[row + r];
}

void multiply_few(const WeightView& w, int64_t tile, const Rows16& x, float* to) {
  int64_t row = 0;  // more rows than four at a time would not stay in the nearest cache
  for (; row + 4 <= x.rows; row += 4) multiply_rows<4>(w, tile, x, row, to);
  const int64_t rest = x.rows - row;
  if (rest == 3) multiply_rows<3>(w, tile, x, row, to);
  if (rest == 2) multiply_rows<2>(w, tile, x, row, to);
  if (rest == 1) multiply_rows<1>(w, tile, x, row, to);
}

// Blocks.

// A tile's weights of some inputs widened to pairs of int16, pairs of inputs by channels.
struct Panel {
  static constexpr int64_t kDepth = 512;  // inputs at most: 16 kB

  int64_t depth = 0;  // inputs, which share a scale
  HWY_ALIGN int16_t pairs[kDepth * kTile];
  HWY_ALIGN float scales[kTile];

  // As many inputs of the tile from `start` on as share a scale and fit; then their codes.
  void begin(const WeightView& w, int64_t tile, int64_t start) {
    const int64_t groups = w.inputs / w.group, group = start / w.group;
    depth = std::min(kDepth, (group + 1) * w.group - start);
    for (int64_t i = 0; i < kTile; ++i)
      scales[i] = from_bfloat16(w.scales[(tile * kTile + i) * groups + group]);
  }
};

#if HWY_TARGET == HWY_SCALAR

void widen(const WeightView& w, int64_t tile, int64_t start, Panel& panel) {
  panel.begin(w, tile, start);
  for (int64_t k = 0; k < panel.depth; ++k)
    for (int64_t i = 0; i < kTile; ++i)
      panel.pairs[(k / 2 * kTile + i) * 2 + k % 2] =
          static_cast<int16_t>(code_of(w, tile, i, start + k));
}

void add_block(const Panel& panel, const int16_t* block, float* out) {
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

#else

// Rows of four channels become pairs of four channels beside each other, four pairs at a time.
void widen(const WeightView& w, int64_t tile, int64_t start, Panel& panel) {
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

void add_block(const Panel& panel, const int16_t* block, float* out) {
  const DF d;
  for (int64_t lane = 0; lane < kTile; lane += kAcross * kLanes) {
    V32 sums[kBlock][kAcross];
    for (auto& of_row : sums)
      for (auto& sum : of_row) sum = hn::Zero(D32());
    for (int64_t k = 0; k < panel.depth; k += 2) {
      V16 weights[kAcross];
      for (int64_t v = 0; v < kAcross; ++v)
        weights[v] = hn::Load(D16(), panel.pairs + k * kTile + (lane + v * kLanes) * 2);
      for (int64_t r = 0; r < kBlock; ++r) {
        const auto pair = broadcast_pair(block + k * kBlock + 2 * r);
        for (int64_t v = 0; v < kAcross; ++v) sums[r][v] = add_pairs(weights[v], pair, sums[r][v]);
        keep_order(sums[r]);
      }
    }
    for (int64_t v = 0; v < kAcross; ++v) {
      const auto scale = hn::Load(d, panel.scales + lane + v * kLanes);
      for (int64_t r = 0; r < kBlock; ++r) {
        float* to = out + r * kTile + lane + v * kLanes;
        hn::StoreU(hn::MulAdd(hn::ConvertTo(d, sums[r][v]), scale, hn::LoadU(d, to)), d, to);
      }
    }
  }
}

#endif  // HWY_SCALAR

void multiply_blocks(const WeightView& w, int64_t tile, const Rows16& x, float* out) {
  const int64_t whole = x.rows / kBlock * kBlock;
  float last[kBlock * kTile] = {};  // of a block that has fewer rows
  std::fill_n(out, whole * kTile, 0.F);
  Panel panel;
  for (int64_t start = 0; start < w.inputs; start += panel.depth) {
    widen(w, tile, start, panel);
    for (int64_t row = 0; row < x.rows; row += kBlock) {
      add_block(panel, x.values + row * w.inputs + start * kBlock,
                row < whole ? out + row * kTile : last);
    }
  }
  std::copy_n(last, (x.rows - whole) * kTile, out + whole * kTile);
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t i = 0; i < kTile; ++i) out[r * kTile + i] *= x.scales[r];
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(multiply_few);
HWY_EXPORT(multiply_blocks);

void lay_block(const int16_t* values, int64_t rows, int64_t inputs, int16_t* block) {
  if (rows < kBlock) std::fill_n(block, inputs * kBlock, int16_t{0});
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < inputs; k += 2)
      std::memcpy(block + k * kBlock + 2 * r, values + r * inputs + k, 2 * sizeof(int16_t));
}

void multiply_tile_of_8_bits(const WeightView& weights, int64_t tile, const Rows16& x, float* out) {
  if (x.blocks) {
    HWY_DYNAMIC_DISPATCH(multiply_blocks)(weights, tile, x, out);
  } else {
    HWY_DYNAMIC_DISPATCH(multiply_few)(weights, tile, x, out);
  }
}

}  // namespace showo::lowbit
#endif
