// Weights of linear layers in 8 or 4 bits (lowbit/multiply.h multiplies with them). Inputs that
// share a scale are a group.
//
// Layout. 8 bits: codes int8 [outputs, inputs], scales [outputs, groups]: a channel's weights in a
// row, as LibTorch's products of bytes want them. 4 bits: 16 output channels are a tile, side by
// side, so that a vector lane is a channel and a group's sums need no sum across lanes; codes
// [tiles, inputs / 8][16][2] uint16, whose nibble j holds weight + 8 of inputs 8i + 2j (+ 1);
// scales [tiles, groups, 16]. Scales are bfloat16. Channels are padded to a multiple of 16 and
// inputs to one of 32 or the group, with zeros.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "showo/range.h"
#include "showo/lowbit/weight_view.h"

namespace showo {

/// How weights are rounded: 8 or 4 bits; `group` inputs share a scale, 0: all of a channel's.
struct LowBits {
  int bits = 8;
  int64_t group = 0;
  /// 8 bits with a scale a channel, or 4 bits in groups of 32. Throws OptionError (bits) for other
  /// widths.
  static LowBits of(int bits);
  template <class V>
  void visit(V& v) {
    v(bits, "bits", "8 or 4", between(4, 8));
    v(group, "group", "inputs that share a scale, a multiple of 32; 0: all of a channel's",
      between(0, 1 << 20));
  }
  /// Throws Error naming `source`.
  void check(const std::string& source) const;
  /// Throws Error when groups are larger than a layer's inputs: these would mostly be padding.
  void check_inputs(int64_t inputs, const std::string& source) const;
};

struct PackedWeight {
  LowBits format;
  int64_t outputs = 0, inputs = 0;  // of the weight itself
  at::Tensor codes, scales;
  bool defined() const { return codes.defined(); }
};

/// Room for a weight [outputs, inputs], to be read from a file.
PackedWeight empty_packed(int64_t outputs, int64_t inputs, const LowBits& format);
/// Any floating weight [outputs, inputs] on the CPU. 4 bits: of several scales a group, the one
/// with the least squared error. Throws Error naming `name` when a value is not finite.
PackedWeight pack(const at::Tensor& weight, const LowBits& format,
                  const std::string& name = "weight");
/// The weight as rounded: float [outputs, inputs].
at::Tensor unpack(const PackedWeight& packed);

/// Its memory as the kernels see it.
lowbit::WeightView view_of(const PackedWeight& packed);

}  // namespace showo
