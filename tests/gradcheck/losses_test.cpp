// Gradients against finite differences, along directions of length 1 drawn around the gradient's.
// The model computes in double precision, the losses in fp32, which bounds how small a step can be.
#include "showo/model/losses.h"

#include <gtest/gtest.h>

#include "showo/prompt/prompting.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

struct Scalar {
  const char* name;
  Tensor Losses::*loss;
};

// Rows of each task.
struct MixedBatch {
  explicit MixedBatch(Showo& model) {
    const Prompting prompting(model->vocabulary, model->config.text_tokens);
    const auto& v = model->vocabulary;
    IdList image, masked, labels;
    for (int64_t i = 0; i < model->config.num_vq_tokens; ++i) {
      image.push_back(v.image_offset + i * 3 % 64);
      masked.push_back(i % 3 ? image.back() : v.mask_token);
      labels.push_back(i % 3 ? kIgnore : image.back());
    }
    const std::vector<TurnIds> turns = {{IdList{1, 2}, IdList{3}}, {IdList{4}, IdList{5, 6}}};
    const Row picture = prompting.codes(image);
    rows = pack({prompting.text_to_image(IdList{7, 8}, masked, labels),
                 prompting.independent_questions(picture, turns, 100),
                 prompting.understanding(picture, turns, 100),
                 prompting.language(IdList{9, 10, 11}, 8)});
  }
  Losses losses(Showo& model) const { return showo_losses(model, model->hidden(rows), rows); }
  PackedRows rows;
};

class Gradient : public testing::TestWithParam<Scalar> {};

TEST_P(Gradient, OfTheLossIsItsSlope) {
  Showo model = tiny_showo();
  model->to(torch::kDouble);
  const MixedBatch batch(model);
  torch::manual_seed(5);
  const auto value = [&] { return batch.losses(model).*GetParam().loss; };
  model->zero_grad();
  value().backward();
  for (int direction = 0; direction < 4; ++direction) {
    torch::NoGradGuard no_grad;
    constexpr double kStep = 2e-3;
    std::vector<Tensor> steps;
    double expected = 0, square = 0;
    for (auto& parameter : model->parameters()) {
      const auto weights = torch::rand_like(parameter).add(0.5);
      steps.push_back(parameter.grad().defined() ? parameter.grad() * weights : weights * 0);
      square += steps.back().square().sum().item<double>();
      if (parameter.grad().defined())
        expected += (parameter.grad() * steps.back()).sum().item<double>();
    }
    for (auto& step : steps) step.div_(std::sqrt(square));
    expected /= std::sqrt(square);
    const auto move = [&](double by) {
      size_t i = 0;
      for (auto& parameter : model->parameters()) parameter.add_(steps[i++], by);
    };
    move(kStep);
    const double above = value().item<double>();
    move(-2 * kStep);
    const double below = value().item<double>();
    move(kStep);
    const double slope = (above - below) / (2 * kStep);
    EXPECT_NEAR(slope, expected, 3e-3 * expected) << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, Gradient,
                         testing::Values(Scalar{"t2i", &Losses::t2i}, Scalar{"lm", &Losses::lm},
                                         Scalar{"mmu", &Losses::mmu}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace showo
