// Gradients against finite differences, along directions of length 1 drawn around the gradient's.
// The model computes in double precision, the losses in fp32, which bounds how small a step can be.
#include "showo/model/losses.h"

#include <gtest/gtest.h>

#include "showo/prompt/omni_attention.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

struct Scalar {
  const char* name;
  Tensor Losses::*loss;
};

// A row of each task, padded to one length.
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
    const std::vector<Row> all = {prompting.text_to_image(IdList{7, 8}, masked, labels),
                                  prompting.independent_questions(image, turns, 100),
                                  prompting.understanding(image, turns, 100),
                                  prompting.language(IdList{9, 10, 11}, 8)};
    size_t length = 0;
    for (const Row& row : all) length = std::max(length, row.ids.size());
    std::vector<Tensor> id_rows, label_rows;
    for (Row row : all) {
      row.ids.resize(length, v.pad);
      row.labels.resize(length, kIgnore);
      id_rows.push_back(torch::tensor(row.ids));
      label_rows.push_back(torch::tensor(row.labels));
      rows.push_back(row.layout);
    }
    ids = torch::stack(id_rows);
    targets = torch::stack(label_rows);
  }
  Losses losses(Showo& model) const {
    const int64_t length = ids.size(1);
    const auto hidden = model->hidden(ids, Visible::only(allowed_attention(rows, length)), nullptr,
                                      token_positions(rows, length));
    return showo_losses(model, hidden, targets, rows);
  }
  Tensor ids, targets;
  std::vector<RowLayout> rows;
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
