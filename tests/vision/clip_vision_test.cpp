// CLIP's vision tower against transformers' (data/make.py wrote the cases), and what its folder may
// hold.
#include "showo/vision/clip_vision.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/safetensors.h"
#include "showo/core/error.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

const fs::path kData = SHOWO_SOURCE_DIR "/tests/vision/data";

void expect_close(const Tensor& found, const Tensor& expected, double bound = 1e-5) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  const auto difference = (found.to(torch::kFloat) - expected).abs().flatten();
  const double largest = difference.max().item<double>();
  EXPECT_LT(largest, bound * expected.abs().max().item<double>())
      << "largest difference " << largest << " at " << difference.argmax().item<int64_t>();
}

// A copy of a case's folder whose files a test changes.
class Folder {
 public:
  explicit Folder(const std::string& name) {
    std::string pattern = (fs::temp_directory_path() / "showo-clip-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
    fs::copy(kData / name / "config.json", path / "config.json");
    config = read_json(path / "config.json");
    weights = read_safetensors(kData / name / "model.safetensors").tensors;
  }
  ~Folder() { fs::remove_all(path); }
  const fs::path& write(const std::string& file = "model.safetensors") {
    write_file_atomically(path / "config.json", config.dump());
    write_safetensors(path / file, weights);
    return path;
  }
  void rename(const std::string& prefix) {
    TensorMap renamed;
    for (auto& [name, tensor] : weights) renamed[prefix + name] = tensor;
    weights = renamed;
  }
  fs::path path;
  Json config;
  TensorMap weights;
};

std::string error_of(const fs::path& folder) {
  try {
    load_clip_vision(folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Pictures of 22 pixels in patches of 5: what is left over at the right and the bottom is not seen.
TEST(ClipVision, MakesTheFeaturesOfTransformersTower) {
  torch::NoGradGuard no_grad;
  for (const char* name : {"quick", "exact_gelu"}) {
    SCOPED_TRACE(name);
    const auto expected = read_safetensors(kData / name / "case.safetensors").tensors;
    ClipVision tower = load_clip_vision(kData / name);
    expect_close(tower->features(expected.at("pictures")), expected.at("features"));
  }
}

TEST(ClipVision, MakesTheFeaturesThatShowosReferenceSees) {
  torch::NoGradGuard no_grad;
  const fs::path golden = SHOWO_SOURCE_DIR "/tests/golden/data/showo_clip_mmu";
  ClipVision tower = load_clip_vision(golden / "clip");
  const auto pixels = read_safetensors(golden / "inputs.safetensors").tensors.at("pixel_values");
  const auto expected = read_safetensors(golden / "expected.safetensors").tensors.at("features");
  expect_close(tower->features(pixels), expected);
}

TEST(ClipVision, ReadsAWholeModelAndATowerAloneAlike) {
  torch::NoGradGuard no_grad;
  const auto expected = read_safetensors(kData / "quick/case.safetensors").tensors;
  Folder folder("quick");
  folder.rename("vision_model.");
  folder.weights["vision_model.embeddings.position_ids"] = torch::arange(17).unsqueeze(0);
  expect_close(load_clip_vision(folder.write())->features(expected.at("pictures")),
               expected.at("features"));
  folder.weights["text_model.final_layer_norm.weight"] = torch::ones({8});
  folder.weights["visual_projection.weight"] = torch::ones({8, 24});
  folder.weights["logit_scale"] = torch::tensor(2.6f);
  const Json vision = folder.config;
  folder.config = {{"model_type", "clip"}, {"text_config", {{"hidden_size", 8}}}};
  folder.config["vision_config"] = vision;
  expect_close(load_clip_vision(folder.write())->features(expected.at("pictures")),
               expected.at("features"));
  // Files of the first years: transformers prefers the _dict.
  folder.config["vision_config"] = {{"hidden_size", 48}, {"num_hidden_layers", 5}};
  folder.config["vision_config_dict"] = vision;
  expect_close(load_clip_vision(folder.write())->features(expected.at("pictures")),
               expected.at("features"));
}

TEST(ClipVision, NeedsNoLastLayer) {
  ClipVision tower = load_clip_vision(kData / "quick");
  EXPECT_EQ(tower->encoder->layers->size(), 2u);
  EXPECT_TRUE(tower->post_layernorm.is_empty());
  for (const auto& parameter : tower->parameters()) EXPECT_FALSE(parameter.requires_grad());
}

TEST(ClipVision, MakesFeaturesInBf16) {
  torch::NoGradGuard no_grad;
  const auto expected = read_safetensors(kData / "quick/case.safetensors").tensors;
  Folder folder("quick");
  for (auto& [name, tensor] : folder.weights) tensor = tensor.to(torch::kBFloat16);
  ClipVision tower = load_clip_vision(folder.write(), torch::kBFloat16);
  const auto features = tower->features(expected.at("pictures"));
  EXPECT_EQ(features.scalar_type(), torch::kBFloat16);
  expect_close(features, expected.at("features"), 0.05);
}

TEST(ClipVision, NamesBothNumbersWhereConfigurationAndWeightsDisagree) {
  const std::vector<std::tuple<const char*, int, const char*>> wrong = {
      {"num_hidden_layers", 4, "num_hidden_layers is 4, but the weights have 3"},
      {"num_hidden_layers", 2, "num_hidden_layers is 2, but the weights have 3"},
      {"hidden_size", 48, "hidden_size is 48, but the weights have 24"},
      {"intermediate_size", 64, "intermediate_size is 64, but the weights have 40"},
      {"patch_size", 11, "patch_size is 11, but the weights have 5"},
      {"image_size", 30, "are 37, but the weights have 17"}};
  for (const auto& [key, value, message] : wrong) {
    Folder folder("quick");
    folder.config[key] = value;
    const std::string error = error_of(folder.write());
    EXPECT_NE(error.find("config.json: "), std::string::npos) << error;
    EXPECT_NE(error.find(message), std::string::npos) << error;
  }
}

TEST(ClipVision, RefusesOtherArithmeticByName) {
  const std::vector<std::pair<const char*, Json>> others = {
      {"hidden_act", "relu"}, {"num_channels", 1}, {"num_attention_heads", 5},
      {"image_size", 4},      {"hidden_size", 0},  {"model_type", "siglip_vision_model"}};
  for (const auto& [key, value] : others) {
    Folder folder("quick");
    folder.config[key] = value;
    const std::string error = error_of(folder.write());
    EXPECT_NE(error.find(key), std::string::npos) << error;
  }
  Folder folder("quick");
  write_file_atomically(folder.path / "preprocessor_config.json",
                        R"({"image_mean": [0.5, 0.5, 0.5]})");
  const std::string error = error_of(folder.write());
  EXPECT_NE(error.find("preprocessor_config.json: image_mean"), std::string::npos) << error;
}

TEST(ClipVision, NamesATensorThatIsMissingOrStrange) {
  Folder folder("quick");
  folder.weights.erase("encoder.layers.1.mlp.fc2.bias");
  EXPECT_NE(error_of(folder.write()).find("encoder.layers.1.mlp.fc2.bias"), std::string::npos);
  Folder other("quick");
  other.weights["adapter.weight"] = torch::ones({2});
  EXPECT_NE(error_of(other.write()).find("adapter.weight"), std::string::npos);
}

}  // namespace
}  // namespace showo
