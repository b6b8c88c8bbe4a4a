// showo info of models and their parts: weights, Show-o, tokenizers of text and of pictures.
#include "apps/cli/info.h"
#include "showo/checkpoint/safetensors.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/codec/config.h"
#include "showo/eval/recogniser.h"
#include "showo/model/folder.h"
#include "showo/vision/clip_config.h"

namespace showo::cli {
namespace {

std::string dtype_name(torch::ScalarType dtype) {
  if (dtype == torch::kFloat) return "fp32";
  if (dtype == torch::kBFloat16) return "bf16";
  if (dtype == torch::kHalf) return "fp16";
  return c10::toString(dtype);
}

// Rounded weights are codes, of which a byte may hold two, and scales, which are no parameters.
Facts facts_of(const TensorMap& tensors, int bits = 8) {
  int64_t parameters = 0, bytes = 0;
  std::map<std::string, int64_t> dtypes;
  for (const auto& [name, tensor] : tensors) {
    const int64_t each = name.ends_with("weight_codes") ? 8 / bits : 1;
    if (!name.ends_with("weight_scales")) parameters += tensor.numel() * each;
    bytes += tensor.numel() * static_cast<int64_t>(tensor.element_size());
    ++dtypes[dtype_name(tensor.scalar_type())];
  }
  Facts facts = {{"parameters", parameters}, {"tensors", tensors.size()}, {"bytes", bytes}};
  for (const auto& [name, count] : dtypes) facts["dtypes"][name] = count;
  return facts;
}

Json config_of(const fs::path& folder) {
  Json config = read_json(folder / "config.json");
  if (!config.is_object()) fail("{}: expected keys and values", (folder / "config.json").string());
  return config;
}

bool has_tokenizer(const fs::path& folder) { return !tokenizer_files(folder).empty(); }

Facts tokenizer_facts(const fs::path& folder) {
  const auto tokenizer = Tokenizer::from_folder(folder);
  Facts facts = {{"folder", folder.string()}, {"tokens", tokenizer->size()}};
  if (const auto begin = tokenizer->bos()) facts["begin_of_text"] = *begin;
  if (const auto end = tokenizer->eos()) facts["end_of_text"] = *end;
  return facts;
}

Facts llm_facts(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const LlmConfig config = llm_config_from_json(read_json(path), path.string());
  return {{"folder", folder.string()},
          {"model_type", config.model_type},
          {"layers", config.num_hidden_layers},
          {"width", config.hidden_size},
          {"heads", config.num_attention_heads},
          {"key_heads", config.key_heads()},
          {"positions", config.max_position_embeddings},
          {"vocabulary", config.vocab_size}};
}

Facts codec_facts(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const CodecConfig config = codec_config_from_json(read_json(path), path.string());
  return {{"folder", folder.string()},
          {"codes", config.codebook_size()},
          {"pixels_of_a_token", fmt::format("{0}×{0}", config.stride())},
          {"channels", config.ch},
          {"weights", facts_of(read_weights(folder))}};
}

Facts clip_facts(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const ClipVisionConfig config = clip_vision_config_from_json(read_json(path), path.string());
  return {{"folder", folder.string()},
          {"layers", config.num_hidden_layers},
          {"width", config.hidden_size},
          {"pixels", fmt::format("{0}×{0}", config.image_size)},
          {"features_of_a_picture", config.patches()},
          {"weights", facts_of(read_weights(folder))}};
}

// What is not inside a model's folder is named on the command line.
template <class Describe>
Facts part(bool there, const Describe& describe, const char* flag) {
  if (there) return describe();
  return fmt::format("not in this folder: {} names its folder", flag);
}

Info showo_info(const fs::path& folder) {
  const std::string source = (folder / "config.json").string();
  const ShowoConfig config = showo_config_from_json(config_of(folder), source);
  const ModelPaths paths = ModelPaths::in(folder);
  const auto low_bits = read_low_bits(folder);
  const Facts weights = facts_of(read_weights(folder), low_bits ? low_bits->bits : 8);
  Facts facts = {{"kind", "Show-o model"}, {"weights", weights}};
  if (low_bits) facts["rounded"] = {{"bits", low_bits->bits}, {"group", low_bits->group}};
  facts["vision"] = config.vision;
  if (config.seen_as() == Vision::kMagvit) facts["magvit_features"] = config.magvit_features;
  const bool has_codec = fs::exists(paths.codec / "config.json"),
             has_llm = fs::exists(paths.llm / "config.json");
  facts["tokens_of_a_picture"] = config.num_vq_tokens;
  facts["tokens_of_a_prompt"] = config.text_tokens - 2;
  facts["codes"] = config.codebook_size;
  facts["language_model"] = part(
      has_llm, [&] { return llm_facts(paths.llm); }, "--llm");
  facts["tokenizer"] = part(
      has_tokenizer(paths.llm), [&] { return tokenizer_facts(paths.llm); }, "--llm");
  facts["image_tokenizer"] = part(
      has_codec, [&] { return codec_facts(paths.codec); }, "--codec");
  if (config.seen_as() == Vision::kClip) {
    facts["clip"] = part(
        fs::exists(paths.clip / "config.json"), [&] { return clip_facts(paths.clip); }, "--clip");
  }
  if (fs::exists(folder / "sampling.json"))
    facts["sampling"] = Facts::parse(read_json(folder / "sampling.json").dump());
  std::string title = fmt::format("Show-o model, {} parameters", weights["parameters"].dump());
  if (low_bits) title += fmt::format(" in {} bits", low_bits->bits);
  if (config.seen_as() == Vision::kClip) title += ", sees by CLIP";
  if (config.seen_as() == Vision::kMagvit) title += ", sees by the image tokenizer's features";
  return {title, facts};
}

Info codec_info(const fs::path& folder) {
  Facts facts = {{"kind", "image tokenizer"}};
  facts.update(codec_facts(folder));
  return {fmt::format("image tokenizer (MAGVIT-v2), {} codes", facts["codes"].dump()), facts};
}

Info recogniser_info(const fs::path& folder, const Json& json) {
  RecogniserConfig config;
  read_config(config, json, (folder / "config.json").string());
  return {fmt::format("recogniser of {} kinds of things", config.kinds.size()),
          {{"kind", "recogniser"},
           {"kinds", config.kinds},
           {"backgrounds", config.backgrounds},
           {"most_things", config.max_things},
           {"weights", facts_of(read_weights(folder))}}};
}

// Of both towers, or of the one that sees alone.
Info clip_info(const fs::path& folder, const Json& json) {
  const auto config = clip_vision_config_from_json(json, (folder / "config.json").string());
  const Facts weights = facts_of(read_weights(folder));
  return {fmt::format("CLIP, {} features of a picture of {}×{} pixels", config.patches(),
                      config.image_size, config.image_size),
          {{"kind", "CLIP"},
           {"pixels", config.image_size},
           {"features", config.patches()},
           {"layers", config.num_hidden_layers},
           {"width", config.hidden_size},
           {"heads", config.num_attention_heads},
           {"reads_texts", json.contains("text_config")},
           {"weights", weights}}};
}

bool is_clip(const Json& config) {
  const Json type = config.value("model_type", Json());
  return type == "clip" || type == "clip_vision_model";
}

Info language_model_info(const fs::path& folder) {
  Facts facts = {{"kind", "language model"}};
  facts.update(llm_facts(folder));
  if (has_tokenizer(folder)) facts["tokenizer"] = tokenizer_facts(folder);
  for (const auto& item : fs::directory_iterator(folder)) {
    if (!holds_weights(item.path().filename().string())) continue;
    facts["weights"] = facts_of(read_weights(folder));
    break;
  }
  return {fmt::format("language model ({})", facts["model_type"].get<std::string>()), facts};
}

}  // namespace

std::optional<Info> weights_info(const fs::path& path) {
  const bool is_folder = fs::is_directory(path);
  if (!is_folder && !holds_weights(path.filename().string())) return {};
  if (is_folder) {
    bool any = fs::exists(path / "config.json");  // of a model that lacks its weights
    for (const auto& item : fs::directory_iterator(path))
      any |= holds_weights(item.path().filename().string());
    if (!any) return {};
  }
  const TensorMap tensors = read_weights(path);
  Facts facts = {{"kind", "weights"}};
  facts.update(facts_of(tensors));
  if (path.extension() == ".safetensors" && !is_folder) {
    for (const auto& [key, value] : read_safetensors(path).metadata) facts["metadata"][key] = value;
  }
  std::vector<std::string> first;
  for (const auto& [name, _] : tensors)
    if (first.size() < 3) first.push_back(name);
  facts["first_names"] = first;
  return Info{fmt::format("weights, {} tensors, {} elements, {} bytes", tensors.size(),
                          facts["parameters"].dump(), facts["bytes"].dump()),
              facts};
}

std::optional<Info> model_info(const fs::path& path) {
  if (!fs::exists(path / "config.json")) return {};
  const Json config = config_of(path);
  const Json class_name = config.value("_class_name", Json());
  if (class_name == "Showo" || config.contains("llm_vocab_size")) return showo_info(path);
  if (class_name == "MAGVITv2" || config.contains("z_channels")) return codec_info(path);
  if (config.contains("kinds")) return recogniser_info(path, config);
  if (is_clip(config)) return clip_info(path, config);
  if (config.contains("model_type")) return language_model_info(path);
  return {};
}

std::optional<Info> tokenizer_info(const fs::path& path) {
  if (!has_tokenizer(path)) return {};
  Facts facts = {{"kind", "tokenizer"}};
  facts.update(tokenizer_facts(path));
  return Info{fmt::format("tokenizer of text, {} tokens", facts["tokens"].dump()), facts};
}

}  // namespace showo::cli
