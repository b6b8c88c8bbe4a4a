// The features of FID's network against pytorch-fid's with the same random weights
// (data/make_inception.py wrote them), and weights that do not fit.
#include "showo/eval/inception.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/core/error.h"
#include "showo/core/random.h"

namespace showo {
namespace {

using torch::Tensor;

const fs::path kCase = SHOWO_SOURCE_DIR "/tests/eval/data/inception.safetensors";

// As data/make_inception.py draws them.
Tensor draw(const std::string& name, at::IntArrayRef shape, at::Generator& generator) {
  const auto noise = torch::randn(shape, generator);
  if (name.ends_with("running_var")) return (0.2 * noise).exp();
  if (name.ends_with("bn.weight")) return 1 + 0.1 * noise;
  if (noise.dim() != 4) return 0.1 * noise;
  return noise * std::sqrt(2.0 / static_cast<double>(noise[0].numel()));
}

Image picture(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixel(x, y)[c] = static_cast<uint8_t>(7 * x + 13 * y + 29 * c + x * y);
  return image;
}

TEST(Inception, MakesPytorchFidsFeatures) {
  torch::NoGradGuard no_grad;
  Inception inception;
  auto generator = make_generator(6);
  for (auto& [name, tensor] : state_of(*inception))  // in the order of names
    tensor.copy_(draw(name, tensor.sizes(), generator));
  const auto expected = read_safetensors(kCase).tensors.at("features");
  const auto pixels = torch::stack(
      {preprocess_inception(picture(40, 56)), preprocess_inception(picture(320, 310))});
  const auto features = inception->features(pixels);
  ASSERT_EQ(features.sizes(), expected.sizes());
  EXPECT_LT((features - expected).abs().max().item<double>(), 1e-4);
}

class InceptionFiles : public testing::Test {
 protected:
  void SetUp() override {
    path_ = temporary_name(fs::temp_directory_path() / "showo-inception.safetensors");
    path_ += ".safetensors";
  }
  void TearDown() override { fs::remove(path_); }
  std::string complaint(const TensorMap& tensors) const {
    write_safetensors(path_, tensors);
    try {
      load_inception(path_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path path_;
};

TEST_F(InceptionFiles, NamesWhatIsMissing) {
  const std::string said = complaint({{"Conv2d_1a_3x3.conv.weight", torch::zeros({32, 3, 3, 3})},
                                      {"Conv2d_2a_3x3.conv.weight", torch::zeros({32, 32, 1, 1})},
                                      {"fc.bias", torch::zeros({1008})}});
  EXPECT_NE(said.find("469 tensors"), std::string::npos) << said;
  EXPECT_NE(said.find("(468 missing, 1 of another shape, 0 unexpected)"), std::string::npos)
      << said;
}

TEST_F(InceptionFiles, RefusesTorchvisionsWeights) {
  const std::string said = complaint({{"fc.weight", torch::zeros({1000, 2048})}});
  EXPECT_NE(said.find("'fc.weight' tells 1000 classes, expected 1008"), std::string::npos) << said;
}

}  // namespace
}  // namespace showo
