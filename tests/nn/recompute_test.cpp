#include "showo/nn/recompute.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "showo/nn/layers.h"

namespace showo {
namespace {

struct Result {
  Tensor y, x_grad;
  std::vector<Tensor> grads;
};

template <class Call>
Result run(Linear& a, Linear& b, const Call& call) {
  a->zero_grad();
  b->zero_grad();
  auto x = torch::linspace(-1, 1, 12).view({3, 4}).requires_grad_();
  auto layer = [&](const Tensor& in) { return in + b(torch::gelu(a(in))); };
  std::vector<Tensor> parameters = a->parameters();
  for (const auto& p : b->parameters()) parameters.push_back(p);
  const auto y = call(layer, x, parameters);
  y.square().sum().backward();
  Result result{y.detach(), x.grad().clone(), {}};
  for (const auto& p : parameters) result.grads.push_back(p.grad().clone());
  return result;
}

struct AutocastOn {
  AutocastOn() { at::autocast::set_autocast_enabled(at::kCPU, true); }
  ~AutocastOn() { at::autocast::set_autocast_enabled(at::kCPU, false); }
};

class Recompute : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    torch::NoGradGuard no_grad;
    for (auto* layer : {&a_, &b_}) {
      for (auto& p : (*layer)->parameters()) p.normal_();
    }
  }
  void expect_equal(const Result& plain, const Result& again) {
    EXPECT_TRUE(torch::equal(plain.y, again.y));
    EXPECT_TRUE(torch::equal(plain.x_grad, again.x_grad));
    for (size_t i = 0; i < plain.grads.size(); ++i)
      EXPECT_TRUE(torch::equal(plain.grads[i], again.grads[i])) << i;
  }
  Linear a_{4, 8}, b_{8, 4};
};

TEST_F(Recompute, GradientsAreTheSameBits) {
  int calls = 0;
  const auto plain = run(a_, b_, [](auto& layer, auto& x, auto&) { return layer(x); });
  const auto again = run(a_, b_, [&](auto& layer, auto& x, auto& parameters) {
    return recompute([&](const Tensor& in) { return ++calls, layer(in); }, x, parameters);
  });
  expect_equal(plain, again);
  EXPECT_EQ(calls, 2) << "once forward, once backward";
}

TEST_F(Recompute, LayersMayFollowEachOther) {
  const auto plain = run(a_, b_, [](auto& layer, auto& x, auto&) { return layer(layer(x)); });
  const auto again = run(a_, b_, [](auto& layer, auto& x, auto& parameters) {
    return recompute(layer, recompute(layer, x, parameters), parameters);
  });
  expect_equal(plain, again);
}

// A layer that fails as it is computed again, out of memory say, leaves autocast as it was.
TEST_F(Recompute, AFailureLeavesAutocastAsItWas) {
  int calls = 0;
  Tensor y;
  {
    const AutocastOn during;
    const auto x = torch::ones({1, 4}).requires_grad_();
    y = recompute(
        [&](const Tensor& in) {
          if (++calls > 1) throw std::runtime_error("no memory");
          return in * 2;
        },
        x, {});
  }
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  EXPECT_THROW(y.sum().backward(), std::runtime_error);
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  EXPECT_TRUE(at::autocast::is_autocast_cache_enabled());
}

TEST_F(Recompute, WithoutGradientsItIsAPlainCall) {
  torch::NoGradGuard no_grad;
  int calls = 0;
  recompute([&](const Tensor& in) { return ++calls, in; }, torch::ones({1}), {});
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace showo
