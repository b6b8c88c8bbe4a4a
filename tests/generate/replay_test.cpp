// What a GPU records and replays: it must be the step as it is, and must never turn to the host.
#include "showo/core/replay.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include "showo/generate/image_step.h"
#include "showo/generate/text_sampler.h"
#include "showo/generate/token_step.h"
#include "showo/prompt/prompting.h"
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

at::Tensor attention(const at::Tensor& query, const at::Tensor&, const at::Tensor&,
                     const std::optional<at::Tensor>&, double, bool, std::optional<double>, bool) {
  return at::empty_like(query);
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("scaled_dot_product_attention", attention);
  library.impl("index_select", index_select);
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

TEST_F(Recordable, APicturesStepStaysOnItsDevice) {
  Showo model = on_meta();
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  const IdList blank(model->config.num_vq_tokens, model->vocabulary.mask_token);
  ReadPrompt with(model, prompting.text_to_image(IdList{3, 4}, blank)),
      without(model, prompting.text_to_image({}, blank));
  ImageStep step(model, {&with, &without}, 16);
  const auto canvas = torch::full({16}, -1, torch::dtype(torch::kLong).device(torch::kMeta));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(step.all(canvas).sizes(), (IdList{2, 16, 64}));
  EXPECT_EQ(replays, 3);
  EXPECT_EQ(turns_to_host, std::vector<std::string>{});
}

TEST_F(Recordable, AnAnswersStepStaysOnItsDevice) {
  Showo model = on_meta();
  Context context{{}, model->new_cache()};
  context.row.append_text(IdList{1, 2, 3});
  model->hidden(pack({context.row}, {&context.cache}));
  TokenStep step(model->showo, {&context}, /*room=*/10);
  try {
    step({5});
    FAIL() << "logits cannot leave the meta device";
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what()).find("meta"), std::string::npos) << error.what();
  }
  EXPECT_EQ(replays, 1);
  EXPECT_EQ(turns_to_host, std::vector<std::string>{});
}

// Texts of different lengths, one of which has ended, in fixed memory against growing caches.
TEST(TokenStep, GivesTheLogitsOfGrowingCaches) {
  torch::NoGradGuard no_grad;
  for (const auto& llm : {tiny_llm(2, 16), tiny_llm(3, 20)}) {
    Showo model = tiny_showo(11, llm);
    std::vector<Context> grown;
    for (const IdList& text : {IdList{1, 2, 3}, IdList{7}, IdList{9, 8, 7, 6, 5}}) {
      Context context{{}, model->new_cache()};
      context.row.append_text(text);
      read(model, {&context});
      grown.push_back(context);
    }
    std::vector<Context> fixed = grown;
    {
      TokenStep step(model->showo, {&fixed[0], &fixed[1], &fixed[2]}, /*room=*/5);
      for (int64_t i = 0; i < 12; ++i) {
        const IdList tokens = {i, 20 - i, i < 4 ? 5 : 0};
        const auto logits = step(tokens);
        for (int64_t text = 0; text < (i < 4 ? 3 : 2); ++text) {
          grown[text].row.append_text(Ids(tokens).subspan(text, 1));
          const auto expected = read(model, {&grown[text]});
          EXPECT_TRUE(torch::allclose(logits[text], expected[0], 1e-4, 1e-5)) << i << " " << text;
        }
      }
    }
    EXPECT_EQ(fixed[0].cache.length(), 3);
    EXPECT_EQ(fixed[1].cache.length(), 1);
  }
}

}  // namespace
}  // namespace showo
