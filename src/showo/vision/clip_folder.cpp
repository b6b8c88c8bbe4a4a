#include "showo/vision/clip_folder.h"

#include <algorithm>
#include <charconv>

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/weightless.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

constexpr const char* kTower = "vision_model.";
constexpr int kBicubic = 3;

// transformers' versions from 5 on leave "vision_model." out of a tower's names where it stands
// alone; here all have it.
TensorMap with_prefix(TensorMap weights) {
  const auto first = weights.lower_bound(kTower);
  if (first != weights.end() && first->first.starts_with(kTower)) return weights;
  TensorMap result;
  for (auto& [name, tensor] : weights) result[kTower + name] = std::move(tensor);
  return result;
}

// One more than the highest number that follows `layers` in a name.
int64_t layers_in(const TensorMap& weights, const std::string& layers) {
  int64_t count = 0;
  for (auto item = weights.lower_bound(layers);
       item != weights.end() && item->first.starts_with(layers); ++item) {
    int32_t number = -1;
    const char* begin = item->first.data() + layers.size();
    std::from_chars(begin, item->first.data() + item->first.size(), number);
    count = std::max(count, int64_t{number} + 1);
  }
  return count;
}

// What config.json says against what the weights are, before a list of tensors that do not fit.
void check_fits(const ClipVisionConfig& config, const TensorMap& weights,
                const std::string& source) {
  const auto check = [&](const char* what, int64_t configured, int64_t found) {
    if (configured != found)
      fail("{}: {} {}, but the weights have {}", source, what, configured, found);
  };
  const auto check_size = [&](const char* what, int64_t configured, const char* name, int64_t dim) {
    const auto tensor = weights.find(std::string(kTower) + name);
    if (tensor != weights.end() && dim < tensor->second.dim())
      check(what, configured, tensor->second.size(dim));
  };
  check("num_hidden_layers is", config.num_hidden_layers,
        layers_in(weights, std::string(kTower) + "encoder.layers."));
  check_size("hidden_size is", config.hidden_size, "embeddings.class_embedding", 0);
  check_size("intermediate_size is", config.intermediate_size, "encoder.layers.0.mlp.fc1.weight",
             0);
  check_size("patch_size is", config.patch_size, "embeddings.patch_embedding.weight", 2);
  check_size("positions, by image_size and patch_size, are", 1 + config.patches(),
             "embeddings.position_embedding.weight", 0);
}

// Pictures are prepared as CLIP's were (image/preprocess.h); other towers may want theirs
// otherwise.
void check_preprocessing(const fs::path& folder) {
  const fs::path path = folder / "preprocessor_config.json";
  if (!fs::exists(path)) return;
  const Json json = read_json(path);
  const std::string source = path.string();
  if (!json.is_object()) fail("{}: expected keys and values", source);
  for (const char* step : {"do_resize", "do_center_crop", "do_normalize", "do_rescale"})
    expect_one_of(json, step, {true}, source);
  expect_one_of(json, "resample", {kBicubic}, source);
  expect_one_of(json, "image_mean", {Json(kClipMean)}, source);
  expect_one_of(json, "image_std", {Json(kClipDeviation)}, source);
}

// What a file may hold beside what features need.
std::vector<std::string> not_needed(const ClipVisionConfig& config) {
  std::vector<std::string> names = {"text_model.", "text_projection.", "visual_projection.",
                                    "logit_scale"};
  for (const std::string& own : {std::string("embeddings.position_ids"),
                                 fmt::format("encoder.layers.{}.", config.num_hidden_layers - 1),
                                 std::string("post_layernorm.")})
    names.push_back(kTower + own);
  return names;
}

// Modules whose tensors only have shapes, dtype and device, until the file's take their places.
void await_weights(torch::nn::Module& module, torch::ScalarType dtype, torch::Device device) {
  for (auto& parameter : module.parameters())
    parameter.set_data(unset(parameter.sizes(), torch::dtype(dtype).device(device)));
}

Json preprocessing(int64_t side) {
  return {{"image_processor_type", "CLIPImageProcessor"},
          {"do_convert_rgb", true},
          {"do_resize", true},
          {"size", {{"shortest_edge", side}}},
          {"resample", kBicubic},
          {"do_center_crop", true},
          {"crop_size", {{"height", side}, {"width", side}}},
          {"do_rescale", true},
          {"rescale_factor", 1.0 / 255},
          {"do_normalize", true},
          {"image_mean", kClipMean},
          {"image_std", kClipDeviation}};
}

}  // namespace

ClipVision load_clip_vision(const fs::path& folder, torch::ScalarType dtype, torch::Device device) {
  const std::string source = (folder / "config.json").string();
  const auto config = clip_vision_config_from_json(read_json(source), source);
  check_preprocessing(folder);
  TensorMap weights = with_prefix(read_weights(folder));
  check_fits(config, weights, source);
  const Weightless shapes;
  ClipVision tower(config, ClipVisionUse::kFeatures);
  await_weights(*tower, dtype, device);
  for (auto& parameter : tower->parameters()) parameter.set_requires_grad(false);
  torch::nn::Module named;  // as the file names it
  named.register_module("vision_model", tower.ptr());
  load_strict(named, std::move(weights), folder.string(), not_needed(config));
  tower->eval();
  return tower;
}

Clip load_clip(const fs::path& folder, torch::ScalarType dtype, torch::Device device) {
  const std::string source = (folder / "config.json").string();
  const auto config = clip_config_from_json(read_json(source), source);
  check_preprocessing(folder);
  TensorMap weights = read_weights(folder);
  check_fits(config.vision_config, weights, source + ": vision_config");
  const Weightless shapes;
  Clip clip(config);
  await_weights(*clip, dtype, device);
  load_strict(*clip, std::move(weights), folder.string(),
              {"vision_model.embeddings.position_ids", "text_model.embeddings.position_ids"});
  return clip;
}

void write_clip(const fs::path& folder, Clip clip) {
  Json config = config_to_json(clip->config);
  config["architectures"] = {"CLIPModel"};
  config["model_type"] = "clip";
  config["text_config"]["model_type"] = "clip_text_model";
  for (const char* token : {"bos_token_id", "pad_token_id"})  // transformers' own are CLIP's ids
    config["text_config"][token] = clip->config.text_config.eos_token_id;
  config["vision_config"]["model_type"] = "clip_vision_model";
  config["vision_config"]["num_channels"] = 3;
  for (const char* tower : {"text_config", "vision_config"})
    config[tower]["projection_dim"] = clip->config.projection_dim;
  const Json pictures = preprocessing(clip->config.vision_config.image_size);
  write_file_atomically(folder / "config.json", config.dump(2) + "\n");
  write_file_atomically(folder / "preprocessor_config.json", pictures.dump(2) + "\n");
  write_safetensors(folder / "model.safetensors", state_of(*clip));
}

}  // namespace showo
