// What a GPU records and replays: it must be the step as it is, and must never turn to the host.
#include "showo/core/replay.h"

#include <ATen/ExpandUtils.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include "showo/generate/drawing.h"
#include "showo/generate/token_step.h"
#include "tests/support/tiny_showo.h"

namespace {

// Shapes of operators whose meta kernels LibTorch has in Python only.
at::Tensor index_select(const at::Tensor& self, int64_t dim, const at::Tensor& index) {
  auto sizes = self.sizes().vec();
  sizes[dim < 0 ? dim + self.dim() : dim] = index.size(0);
  return at::empty(sizes, self.options());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> native_layer_norm(const at::Tensor& input,
                                                                 c10::SymIntArrayRef,
                                                                 const std::optional<at::Tensor>&,
                                                                 const std::optional<at::Tensor>&,
                                                                 double) {
  return {at::empty_like(input), at::empty({0}, input.options()), at::empty({0}, input.options())};
}

at::Tensor where(const at::Tensor& condition, const at::Tensor& self, const at::Tensor& other) {
  return at::empty(at::infer_size(condition.sizes(), at::infer_size(self.sizes(), other.sizes())),
                   self.options());
}

at::Tensor attention(const at::Tensor& query, const at::Tensor&, const at::Tensor&,
                     const std::optional<at::Tensor>&, double, bool, std::optional<double>, bool) {
  return at::empty_like(query);
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("scaled_dot_product_attention", attention);
  library.impl("index_select", index_select);
  library.impl("where.self", where);
  library.impl("native_layer_norm", native_layer_norm);
}

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

// Operators within a replay that read a value back or bring one from another device.
std::vector<std::string> turns_to_host;
int replays = 0, within = 0;

bool mixes_devices(const at::RecordFunction& operation) {
  std::optional<c10::Device> device;
  for (const auto& input : operation.inputs()) {
    if (!input.isTensor() || !input.toTensor().defined()) continue;
    if (device && *device != input.toTensor().device()) return true;
    device = input.toTensor().device();
  }
  return false;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& operation) {
  const std::string name = operation.name();
  if (name == "showo::Replay") {
    ++replays;
    ++within;
  } else if (within > 0) {
    const bool reads = name == "aten::_local_scalar_dense" || name == "aten::nonzero" ||
                       name == "aten::masked_select";
    if (reads || (name == "aten::copy_" && mixes_devices(operation))) turns_to_host.push_back(name);
  }
  return nullptr;
}

void end(const at::RecordFunction& operation, at::ObserverContext*) {
  if (std::string(operation.name()) == "showo::Replay") --within;
}

// The meta device has no memory, so nothing can come from it, and copies to it are seen.
class Recordable : public testing::Test {
 protected:
  void SetUp() override {
    turns_to_host.clear();
    replays = within = 0;
    watch_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(begin, end)
            .needsInputs(true)
            .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}));
  }
  void TearDown() override { at::removeCallback(watch_); }
  static Showo on_meta() {
    Showo model = tiny_showo();
    for (auto& parameter : model->parameters()) {  // Module::to goes between real devices only
      parameter.unsafeGetTensorImpl()->shallow_copy_from(
          parameter.detach().to(torch::kMeta).getIntrusivePtr());
    }
    return model;
  }
  torch::NoGradGuard no_grad_;
  at::CallbackHandle watch_{};
};

TEST_F(Recordable, TheWatchSeesWhatItIsFor) {
  const auto far = torch::zeros({2}, torch::kMeta);
  Replay copies(torch::kMeta, [&] { return torch::ones({2}).to(torch::kMeta) + far; });
  copies();
  EXPECT_EQ(turns_to_host, std::vector<std::string>{"aten::copy_"});
  Replay reads(torch::kCPU, [] { return torch::full({1}, torch::ones({1}).item<double>()); });
  reads();
  EXPECT_EQ(turns_to_host.size(), 2u);
}

// Draws without numbers.
struct NoDraws : Draws {
  Tensor codes(int, int64_t, const Tensor&, const Tensor& probabilities) override {
    return torch::zeros({probabilities.size(0)}, probabilities.options().dtype(torch::kLong));
  }
  Tensor gumbel(int, int64_t count) override {
    return torch::zeros({count}, torch::device(torch::kMeta));
  }
};

Context read_text(Showo& model, const IdList& text) {
  Context context{{}, model->new_cache()};
  context.row.append_text(text);
  model->hidden(pack({context.row}, {&context.cache}));
  return context;
}

TEST_F(Recordable, APicturesStepStaysOnItsDevice) {
  Showo model = on_meta();
  Context with = read_text(model, {3, 4}), without = read_text(model, {3});
  const auto canvas = torch::full({16}, -1, torch::dtype(torch::kLong).device(torch::kMeta));
  Drawing drawing(model, {&with, &without}, canvas, {.steps = 4, .guided = 0.5},
                  std::make_unique<NoDraws>());
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(drawing.step_alone(model)->logits_PK.sizes(), (IdList{16, 64}));
  EXPECT_EQ(replays, 4);
  EXPECT_EQ(turns_to_host, std::vector<std::string>{});
}

TEST_F(Recordable, AnAnswersStepStaysOnItsDevice) {
  Showo model = on_meta();
  Context context = read_text(model, {1, 2, 3});
  TokenStep step(model->showo, context, /*room=*/10);
  try {
    step(5);
    FAIL() << "logits cannot leave the meta device";
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what()).find("meta"), std::string::npos) << error.what();
  }
  EXPECT_EQ(replays, 1);
  EXPECT_EQ(turns_to_host, std::vector<std::string>{});
}

// Alone for a step, then in company, then alone again: what was written in fixed memory is there.
TEST(TokenStep, GivesTheLogitsOfAGrowingCache) {
  torch::NoGradGuard no_grad;
  for (const auto& llm : {tiny_llm(2, 16), tiny_llm(3, 20)}) {
    Showo model = tiny_showo(11, llm);
    Context grown = read_text(model, {1, 2, 3});
    Context fixed = grown.fork();
    int64_t token = 0;
    for (const int64_t steps : {12, 1, 4}) {
      TokenStep step(model->showo, fixed, /*room=*/5);
      for (int64_t i = 0; i < steps; ++i, ++token) {
        const auto logits = step(token);
        grown.row.append_text(Ids(&token, 1));
        fixed.row.append_text(Ids(&token, 1));
        EXPECT_TRUE(torch::allclose(logits, read(model, {&grown})[0], 1e-4, 1e-5)) << token;
      }
    }
    EXPECT_EQ(fixed.cache.length(), 20);
  }
}

// Steps alone and steps in passes with others, in any order, draw the same picture.
TEST(Drawing, GoesOnAloneAndInCompanyAlike) {
  torch::NoGradGuard no_grad;
  Showo model = tiny_showo();
  const SamplingOptions options{.steps = 8, .guidance = 2, .guided = 0.6};
  const auto draw = [&](const std::function<bool(int)>& alone) {
    Context with = read_text(model, {3, 4, 5}), without = read_text(model, {3});
    Context kept = with.fork();
    const auto canvas = torch::full({16}, -1, torch::kLong);
    Drawing drawing(model, {&with, &without}, canvas, options, std::make_unique<SeededDraws>(4));
    for (int i = 0; i < options.steps; ++i) {
      if (alone(i)) {
        EXPECT_TRUE(drawing.step_alone(model));
      } else {
        drawing.take(compute(model, drawing.requests()));
      }
    }
    EXPECT_EQ(kept.cache.length(), 3);
    return drawing.sampler().codes();
  };
  const auto want = draw([](int) { return false; });
  EXPECT_TRUE(draw([](int) { return true; }).equal(want));
  EXPECT_TRUE(draw([](int i) { return i % 3 != 1; }).equal(want));
}

}  // namespace
}  // namespace showo
