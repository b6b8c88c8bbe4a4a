// Low-bit products against plain loops, on every instruction set that this CPU has.
#define HWY_WANT_AVX3_DL  // as the kernels do
#include "showo/lowbit/packed.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "showo/core/device.h"
#include "showo/core/option_error.h"
#include "showo/core/random.h"
#include "showo/lowbit/bytes.h"
#include "showo/lowbit/many_rows.h"
#include "showo/lowbit/multiply.h"
#include "showo/lowbit/nibbles.h"

namespace showo {
namespace {

at::Tensor normal(at::IntArrayRef shape, uint64_t seed) {
  auto generator = make_generator(seed);
  return at::empty(shape).normal_(0, 1, generator);
}

// What the product is by definition, in double.
at::Tensor plain(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias) {
  const at::Tensor weight = unpack(packed).to(at::kDouble);
  const at::Tensor y = at::matmul(x.to(at::kDouble), weight.t());
  return bias.defined() ? at::add(y, bias) : y;
}

// What many rows are multiplied as: each rounded to 8 bits of its largest value.
at::Tensor rounded_rows(const at::Tensor& x) {
  const at::Tensor scale = x.abs().amax(-1, true).div(127).clamp_min(1e-30);
  return at::mul(at::div(x, scale).round(), scale);
}

// What weights of 4 bits are multiplied by: the same every 32 inputs.
at::Tensor rounded_steps(const at::Tensor& x) {
  const int64_t inputs = x.size(1), steps = (inputs + lowbit::kStep - 1) / lowbit::kStep;
  const at::Tensor padded = at::constant_pad_nd(x, {0, steps * lowbit::kStep - inputs});
  return rounded_rows(padded.view({x.size(0), steps, lowbit::kStep}))
      .flatten(1)
      .narrow(1, 0, inputs);
}

void expect_close(const at::Tensor& got, const at::Tensor& want, double part) {
  ASSERT_EQ(got.sizes(), want.sizes());
  EXPECT_LE(at::sub(got, want).abs().max().item<double>(), part * want.abs().max().item<double>());
}

TEST(Multiply, NoRowsGiveNoRows) {
  for (const int bits : {8, 4}) {
    const PackedWeight packed = pack(normal({40, 96}, 1), LowBits::of(bits));
    const at::Tensor y = multiply(at::empty({0, 3, 96}), packed, at::zeros({40}), 0, 40);
    EXPECT_EQ(y.sizes(), (std::vector<int64_t>{0, 3, 40})) << bits;
  }
}

class EachTarget : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST_P(EachTarget, ProductsEqualPlainLoopsForOddSizes) {
  struct Case {
    int64_t rows, inputs, outputs;
  };
  for (const LowBits format : {LowBits{8, 0}, LowBits{8, 64}, LowBits{8, 1024}, LowBits{4, 32},
                               LowBits{4, 96}, LowBits{4, 0}}) {
    for (const Case& c :
         {Case{1, 32, 16}, Case{1, 1, 1}, Case{2, 33, 17}, Case{3, 100, 5}, Case{7, 352, 31},
          Case{11, 2080, 48}, Case{29, 2080, 48}, Case{13, 64, 1000}}) {
      SCOPED_TRACE(fmt::format("{} bits, group {}: {} rows, {} → {}", format.bits, format.group,
                               c.rows, c.inputs, c.outputs));
      const PackedWeight packed = pack(normal({c.outputs, c.inputs}, 1), format);
      const at::Tensor x = normal({c.rows, c.inputs}, 2), bias = normal({c.outputs}, 3);
      const bool as_bytes = format.bits == 8 && format.group == 0 && c.rows >= lowbit::kManyRows &&
                            multiplies_bytes();
      const auto seen = [&](const at::Tensor& rows) {
        const at::Tensor wide = rows.to(at::kFloat);
        return format.bits == 4 ? rounded_steps(wide) : as_bytes ? rounded_rows(wide) : wide;
      };
      expect_close(multiply(x, packed, bias, 0, c.outputs), plain(seen(x), packed, bias), 1e-4);
      const at::Tensor narrow = x.to(at::kBFloat16);
      expect_close(multiply(narrow, packed, bias, 0, c.outputs).to(at::kFloat),
                   plain(seen(narrow), packed, bias), 1.0 / 256);
    }
  }
}

// The largest values that can be: nothing overflows, and integers come out exact.
TEST_P(EachTarget, ExtremesDoNotOverflow) {
  for (const LowBits format : {LowBits{8, 0}, LowBits{4, 32}}) {
    const int64_t inputs = 8192;
    at::Tensor weight = at::full({18, inputs}, -1.0), all = at::full({31, inputs}, 1.0);
    weight[1].neg_();
    all[1].neg_();
    all[2].narrow(0, 0, inputs / 2).neg_();
    const PackedWeight packed = pack(weight, format);
    for (const int64_t rows : {5, 31}) {
      const at::Tensor x = all.narrow(0, 0, rows);
      expect_close(multiply(x, packed, {}, 0, 18), plain(x, packed, {}), 1e-6);
    }
  }
}

TEST_P(EachTarget, GeluOfTheResult) {
  for (const LowBits format : {LowBits{8, 0}, LowBits{4, 32}}) {
    const PackedWeight packed = pack(normal({40, 64}, 4), format);
    const at::Tensor x = at::mul(normal({140, 64}, 5), 3), bias = normal({40}, 6);
    for (const int64_t rows : {1, 10, 140}) {
      const at::Tensor some = x.narrow(0, 0, rows);
      const at::Tensor y = multiply(some, packed, bias, 3, 30);
      expect_close(multiply(some, packed, bias, 3, 30, /*gelu=*/true), at::gelu(y, "tanh"), 1e-6);
    }
  }
}

TEST_P(EachTarget, PartOfTheChannels) {
  const PackedWeight packed = pack(normal({100, 64}, 4), {8, 0});
  const at::Tensor x = normal({2, 3, 64}, 5), bias = normal({100}, 6);
  const at::Tensor all = multiply(x, packed, bias, 0, 100);
  for (const auto& [first, count] : {std::pair{0, 100}, {16, 16}, {7, 1}, {31, 60}, {99, 1}})
    EXPECT_TRUE(at::equal(multiply(x, packed, bias, first, count), all.narrow(2, first, count)));
}

// Bytes of 4-bit tiles → [outputs, inputs], and the steps of their scales [outputs, 1].
std::pair<at::Tensor, at::Tensor> as_bytes(const PackedWeight& packed) {
  const int64_t tiles = packed.codes.size(0), inputs = packed.codes.size(1) * 2 / lowbit::kTile;
  const lowbit::WeightView codes{static_cast<const uint8_t*>(packed.codes.const_data_ptr()),
                                 static_cast<const uint16_t*>(packed.scales.const_data_ptr()),
                                 inputs, packed.format.group, 4};
  at::Tensor bytes = at::empty({inputs, tiles * lowbit::kTile}, at::kChar),
             scales = at::empty({tiles * lowbit::kTile});
  for (int64_t tile = 0; tile < tiles; ++tile) {
    lowbit::tile_as_bytes(codes, tile, bytes.data_ptr<int8_t>() + tile * lowbit::kTile,
                          bytes.size(1), scales.data_ptr<float>() + tile * lowbit::kTile);
  }
  scales = scales.narrow(0, 0, packed.outputs).unsqueeze(1);
  const at::Tensor rows = bytes.t().narrow(0, 0, packed.outputs).narrow(1, 0, packed.inputs);
  return {at::mul(rows.to(at::kFloat), scales), scales};
}

TEST_P(EachTarget, MakesBytesOfFourBits) {
  for (const int64_t group : {32, 64}) {
    at::Tensor weight = normal({50, 100}, 12);
    weight[7].zero_();
    const PackedWeight packed = pack(weight, {4, group});
    const auto [bytes, steps] = as_bytes(packed);
    const at::Tensor exact = unpack(packed);
    EXPECT_TRUE(at::sub(bytes, exact).abs().le(at::mul(steps, 0.501)).all().item<bool>());
    EXPECT_TRUE(bytes[7].eq(0).all().item<bool>());
    // The largest of a channel is at most a byte's, and the step no larger than that needs.
    EXPECT_TRUE(steps.squeeze(1)
                    .le(at::mul(exact.abs().amax(1), 8.0 / 7 / 127 * 1.001))
                    .all()
                    .item<bool>());
  }
}

// A row's product does not depend on what else is multiplied with it: to the bit within few rows
// and within blocks, whose sums are of another order.
TEST_P(EachTarget, RowsAreIndependent) {
  const int64_t few = lowbit::kRowsForBlocks - 1, blocks = 61;
  const at::Tensor x = normal({blocks, 96}, 7);
  for (const LowBits format : {LowBits{8, 32}, LowBits{4, 32}}) {
    const PackedWeight packed = pack(normal({40, 96}, 8), format);
    const auto product = [&](int64_t first, int64_t rows) {
      return multiply(x.narrow(0, first, rows), packed, {}, 0, 40);
    };
    const at::Tensor together = product(0, few), all = product(0, blocks);
    for (int64_t r = 0; r < few; ++r) EXPECT_TRUE(at::equal(product(r, 1)[0], together[r]));
    for (const int64_t first : {0, 1, 31})
      EXPECT_TRUE(at::equal(product(first, 30), all.narrow(0, first, 30)));
    if (format.bits == 4) {
      EXPECT_TRUE(at::equal(together, all.narrow(0, 0, few)));
    } else {
      expect_close(together, all.narrow(0, 0, few), 1e-6);
    }
  }
}

TEST_P(EachTarget, RoundsWithinHalfAStep) {
  const at::Tensor weight = normal({33, 64}, 9);
  const at::Tensor largest = weight.abs().amax(1, true);
  const at::Tensor off = at::sub(unpack(pack(weight, {8, 0})), weight).abs();
  EXPECT_TRUE(off.le(at::mul(largest, 0.51 / 127)).all().item<bool>());
  const at::Tensor off4 = at::sub(unpack(pack(weight, {4, 32})), weight);
  EXPECT_LT(off4.pow(2).mean().item<double>(), 0.012);  // of a variance of one
}

TEST_P(EachTarget, KeepsZerosAndSingleValues) {
  for (const LowBits format : {LowBits{8, 0}, LowBits{4, 32}}) {
    EXPECT_TRUE(unpack(pack(at::zeros({3, 40}), format)).eq(0).all().item<bool>());
    at::Tensor one = at::zeros({2, 40});
    one[1][39] = 0.75;
    EXPECT_TRUE(at::allclose(unpack(pack(one, format)), one, 0.01, 0));
  }
}

TEST_P(EachTarget, RefusesWeightsThatAreNotFinite) {
  for (const LowBits format : {LowBits{8, 0}, LowBits{4, 32}}) {
    for (const double bad : {INFINITY, -INFINITY, NAN}) {
      at::Tensor weight = normal({20, 70}, 9);
      weight[19][69] = bad;
      EXPECT_THROW(pack(weight, format), Error);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, EachTarget,
                         testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

TEST(ManyRows, EqualPlainLoopsOverRoundedRows) {
  if (!multiplies_bytes()) GTEST_SKIP() << "this CPU has no products of bytes";
  struct Case {
    int64_t rows, inputs, outputs, first, count;
  };
  for (const Case& c :
       {Case{20, 32, 16, 0, 16}, Case{49, 33, 17, 0, 17}, Case{200, 2080, 100, 7, 60},
        Case{64, 8192, 48, 16, 32}, Case{50, 1, 1, 0, 1}}) {
    SCOPED_TRACE(fmt::format("{} rows, {} → {} of {}", c.rows, c.inputs, c.count, c.outputs));
    const PackedWeight packed = pack(normal({c.outputs, c.inputs}, 1), {8, 0});
    const at::Tensor x = normal({c.rows, c.inputs}, 2), bias = normal({c.outputs}, 3);
    const at::Tensor want = plain(rounded_rows(x), packed, bias).narrow(1, c.first, c.count);
    expect_close(multiply(x, packed, bias, c.first, c.count), want, 1e-5);
    expect_close(multiply(x, packed, bias, c.first, c.count),
                 plain(x, packed, bias).narrow(1, c.first, c.count), 0.02);
    const at::Tensor narrow = x.to(at::kBFloat16);  // the result's rounding is all it adds
    expect_close(multiply(narrow, packed, bias, c.first, c.count).to(at::kFloat),
                 multiply(narrow.to(at::kFloat), packed, bias, c.first, c.count), 1.0 / 256);
  }
}

TEST(ManyRows, OfFourBitsEqualPlainLoopsOverRoundedRowsAndBytes) {
  if (!multiplies_bytes()) GTEST_SKIP() << "this CPU has no products of bytes";
  struct Case {
    int64_t rows, inputs, outputs, first, count, group;
  };
  for (const Case& c : {Case{65, 32, 16, 0, 16, 32}, Case{129, 33, 17, 0, 17, 32},
                        Case{160, 2080, 1100, 7, 1090, 32}, Case{200, 512, 48, 16, 32, 64},
                        Case{70, 96, 1040, 1030, 3, 32}}) {
    SCOPED_TRACE(fmt::format("{} rows, {} → {} of {}", c.rows, c.inputs, c.count, c.outputs));
    const PackedWeight packed = pack(normal({c.outputs, c.inputs}, 1), {4, c.group});
    const at::Tensor x = normal({c.rows, c.inputs}, 2), bias = normal({c.outputs}, 3);
    const at::Tensor weight = as_bytes(packed).first.to(at::kDouble);
    const at::Tensor want = at::add(at::matmul(rounded_rows(x).to(at::kDouble), weight.t()), bias)
                                .narrow(1, c.first, c.count);
    expect_close(multiply(x, packed, bias, c.first, c.count), want, 1e-5);
    expect_close(multiply(x, packed, bias, c.first, c.count),
                 plain(x, packed, bias).narrow(1, c.first, c.count), 0.02);
    expect_close(multiply(x, packed, bias, c.first, c.count, /*gelu=*/true), at::gelu(want, "tanh"),
                 1e-5);
  }
}

TEST(ManyRows, ExtremesDoNotOverflow) {
  if (!multiplies_bytes()) GTEST_SKIP() << "this CPU has no products of bytes";
  const at::Tensor x = at::full({lowbit::kManyRowsOfFourBits, 8192}, 1.0);
  for (const LowBits format : {LowBits{8, 0}, LowBits{4, 32}}) {
    const PackedWeight packed = pack(at::full({16, 8192}, -1.0), format);
    expect_close(multiply(x, packed, {}, 0, 16), plain(x, packed, {}), 1e-6);
    EXPECT_TRUE(multiply(at::zeros({64, 8192}), packed, {}, 0, 16).eq(0).all().item<bool>());
  }
}

TEST(Pack, OtherDtypesGiveTheSameAsTheirFloats) {
  const at::Tensor weight = normal({20, 64}, 10).to(at::kBFloat16);
  EXPECT_TRUE(at::equal(unpack(pack(weight, {8, 0})), unpack(pack(weight.to(at::kFloat), {8, 0}))));
  const at::Tensor x = normal({4, 64}, 11).to(at::kBFloat16);
  EXPECT_EQ(multiply(x, pack(weight, {8, 0}), {}, 0, 20).scalar_type(), at::kBFloat16);
}

TEST(LowBits, RefusesWhatNoKernelReads) {
  try {
    LowBits::of(5);
    ADD_FAILURE() << "5 bits were taken";
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "bits 5: expected 8 or 4");
    EXPECT_EQ(error.option(), "bits");
  }
  EXPECT_THROW((LowBits{3, 32}).check("here"), Error);
  EXPECT_THROW((LowBits{4, 33}).check("here"), Error);
  EXPECT_THROW((LowBits{8, -32}).check("here"), Error);
  EXPECT_NO_THROW((LowBits{4, 64}).check("here"));
}

}  // namespace
}  // namespace showo
