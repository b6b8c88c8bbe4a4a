// Muon: what replaces a gradient is orthogonal, each rule steps its own parameters, and a run that
// goes on from saved state steps as if it had never stopped.
#include "showo/train/muon.h"

#include <gtest/gtest.h>

#include "showo/core/random.h"
#include "showo/train/optimizer.h"

namespace showo {
namespace {

torch::Tensor gaussian(std::vector<int64_t> sizes, uint64_t seed) {
  auto random = make_generator(seed);
  return torch::randn(sizes, random);
}

struct MuonLayersImpl : torch::nn::Module {
  MuonLayersImpl() {
    inner = register_parameter("inner_weight", gaussian({24, 12}, 1));
    bias = register_parameter("inner_bias", gaussian({24}, 2));
    outer = register_parameter("outer_weight", gaussian({8, 24}, 3));
  }
  torch::Tensor loss(const torch::Tensor& x) {
    return torch::linear(torch::tanh(torch::linear(x, inner, bias)), outer).square().mean();
  }
  torch::Tensor inner, bias, outer;
};
TORCH_MODULE(MuonLayers);

OptimizerOptions options() {
  OptimizerOptions options;
  options.warmup_steps = 0;
  options.weight_decay = 0.1;
  options.muon = {"inner"};
  return options;
}

void step(MuonLayers& model, AdamW& optimizer, uint64_t seed) {
  optimizer.zero_grad();
  model->loss(gaussian({16, 12}, seed)).backward();
  optimizer.step(0.01);
}

TEST(Muon, SingularValuesBecomeAboutOneWhateverTheShapeAndScale) {
  for (const auto& sizes : std::vector<std::vector<int64_t>>{{3, 16, 16}, {2, 40, 12}, {2, 12, 40}})
    for (const double scale : {1e-6, 1.0, 1e4}) {
      const auto x = orthogonalised(gaussian(sizes, 5) * scale, torch::kFloat);
      ASSERT_EQ(x.sizes(), torch::IntArrayRef(sizes));
      const auto values = torch::linalg_svdvals(x, {});
      EXPECT_GT(values.min().item<float>(), 0.2) << x.sizes();  // a square's least one lifts slowly
      EXPECT_LT(values.max().item<float>(), 1.3) << x.sizes();
      EXPECT_NEAR(values.median().item<float>(), 1, 0.3) << x.sizes();
    }
}

TEST(Muon, KeepsTheDirectionsOfTheMatrix) {
  const auto g = gaussian({1, 20, 10}, 6);
  const auto [u, s, v] = torch::linalg_svd(g[0], /*full_matrices=*/false, {});
  const auto nearest = u.matmul(v), x = orthogonalised(g, torch::kFloat)[0];
  EXPECT_GT((nearest * x).sum().item<double>() / (nearest.norm() * x.norm()).item<double>(), 0.97);
}

TEST(Muon, StepsTheMatricesThatAreNamedAndAdamWTheOthers) {
  MuonLayers ours, plain;
  AdamW with(*ours, options());
  auto without_muon = options();
  without_muon.muon.clear();
  AdamW without(*plain, without_muon);
  step(ours, with, 10);
  step(plain, without, 10);
  EXPECT_TRUE(ours->bias.equal(plain->bias)) << "no matrix, so AdamW's";
  EXPECT_TRUE(ours->outer.equal(plain->outer)) << "not named, so AdamW's";
  EXPECT_FALSE(ours->inner.equal(plain->inner));
  // The root mean square of Muon's step is about 0.2·lr, as AdamW's is.
  const auto moved = ours->inner - gaussian({24, 12}, 1) * (1 - 0.01 * 0.1);
  const double rms = moved.square().mean().sqrt().item<double>();
  EXPECT_NEAR(rms / 0.01, 0.2, 0.07);
}

TEST(Muon, StepsAKernelAsTheMatrixOfItsRowsInWhateverMemoryFormat) {
  const auto start = gaussian({6, 4, 3, 3}, 20), gradient = gaussian({6, 4, 3, 3}, 21);
  auto matrix = start.flatten(1).clone(), plain = start.clone();
  auto last = start.clone(torch::MemoryFormat::ChannelsLast);
  for (auto* parameter : {&matrix, &plain, &last}) {
    muon_step({*parameter}, {gradient.reshape(parameter->sizes())}, {torch::zeros_like(*parameter)},
              0.1, 0.01, torch::kFloat);
  }
  EXPECT_TRUE(plain.flatten(1).equal(matrix));
  EXPECT_TRUE(last.equal(plain));
  EXPECT_FALSE(plain.equal(start));
}

TEST(Muon, LearnsAndGoesOnFromItsStateWithTheSameBits) {
  MuonLayers whole, stopped;
  AdamW optimizer(*whole, options()), first(*stopped, options());
  const double before = whole->loss(gaussian({64, 12}, 99)).item<double>();
  for (int i = 0; i < 10; ++i) step(whole, optimizer, i);
  for (int i = 0; i < 5; ++i) step(stopped, first, i);
  AdamW second(*stopped, options());
  second.load_state(first.state(), "state");
  for (int i = 5; i < 10; ++i) step(stopped, second, i);
  EXPECT_TRUE(whole->inner.equal(stopped->inner));
  EXPECT_TRUE(whole->outer.equal(stopped->outer));
  for (int i = 10; i < 200; ++i) step(whole, optimizer, i);
  EXPECT_LT(whole->loss(gaussian({64, 12}, 99)).item<double>(), before / 3);
}

}  // namespace
}  // namespace showo
