#include "showo/model/folder.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <set>

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/folder.h"
#include "showo/core/option_error.h"
#include "showo/core/weightless.h"

namespace showo {
namespace {

constexpr const char* kLowBitsKey = "quantization_config";
constexpr const char* kLowBitsMethod = "showo";

ShowoConfig read_showo_config(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  return showo_config_from_json(read_json(path), path.string());
}

LlmConfig read_llm_config(const ModelPaths& paths, const ShowoConfig& config) {
  const fs::path path = paths.llm / "config.json";
  if (fs::exists(path)) {
    const LlmConfig llm = llm_config_from_json(read_json(path), path.string());
    for (const auto& [key, id] :
         {std::pair{"bos_token_id", llm.bos_token_id}, {"eos_token_id", llm.eos_token_id}}) {
      if (id >= config.llm_vocab_size)
        fail("{}: {}: expected below llm_vocab_size {}, found {}", path.string(), key,
             config.llm_vocab_size, id);
    }
    return llm;
  }
  // Published folders only name the language model: phi-1.5's dimensions are known.
  if (config.llm_model_path.ends_with("phi-1_5")) return {};
  fail("{}: not found, and '{}' is no model whose dimensions are known; name its folder (llm)",
       path.string(), config.llm_model_path);
}

// Modules whose tensors only have shapes, until the file's take their places.
Showo without_weights(const ShowoConfig& config, const LlmConfig& llm,
                      const std::optional<LowBits>& held) {
  const Weightless shapes;
  Showo model(config, llm);
  if (!held) return model;
  for (const auto& [name, linear] : linears_of(*model))
    linear->replace_weight(empty_packed(linear->out, linear->in, *held));
  model->low_bits = held;
  return model;
}

// A model whose answers depend on where it is used should say so, but not for each of its parts.
void say_once(const fs::path& model, const fs::path& llm) {
  static std::mutex mutex;
  static std::set<std::pair<fs::path, fs::path>> said;
  const std::lock_guard lock(mutex);
  if (!said.emplace(model, llm).second) return;
  spdlog::info("{}",
               one_line(fmt::format("{}: holds no language model's folder; using {}, which its "
                                    "config.json names (llm may name another)",
                                    model.string(), llm.string())));
}

}  // namespace

std::optional<LowBits> read_low_bits(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const Json config = read_json(path);
  if (!config.contains(kLowBitsKey)) return {};
  Json format = config[kLowBitsKey];
  const std::string source = fmt::format("{}: {}", path.string(), kLowBitsKey);
  if (!format.is_object() || format.value("quant_method", Json()) != kLowBitsMethod)
    fail("{}: expected quant_method \"{}\"", source, kLowBitsMethod);
  format.erase("quant_method");
  LowBits low_bits;
  read_config(low_bits, format, source);
  low_bits.check(source);
  return low_bits;
}

ModelPaths ModelPaths::in(const fs::path& folder, const fs::path& llm, const fs::path& codec) {
  if (!fs::is_directory(folder)) fail("{}: no such model folder", folder.string());
  ModelPaths paths{folder, llm, codec};
  if (paths.codec.empty()) paths.codec = folder / "codec";
  if (!paths.llm.empty()) return paths;
  paths.llm = folder / "llm";
  if (fs::exists(paths.llm)) return paths;
  const fs::path named = fs::path(read_showo_config(folder).llm_model_path).lexically_normal();
  if (named.empty() || named == ".") return paths;  // a model is not its own language model
  const bool leads_out = named.is_absolute() || named.string().starts_with("..");
  for (const fs::path& candidate : {folder / named, named}) {
    std::error_code ignored;
    if (!fs::is_directory(candidate, ignored)) continue;
    if (fs::equivalent(candidate, folder, ignored)) continue;
    paths.llm = candidate;
    if (leads_out || candidate == named) say_once(folder, candidate);
    break;
  }
  return paths;
}

Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                 std::optional<LowBits> low_bits) {
  const ShowoConfig config = read_showo_config(paths.model);
  if (config.w_clip_vit) fail("{}: w_clip_vit models are not supported yet", paths.model.string());
  const auto held = read_low_bits(paths.model);
  if (held && low_bits && held->bits != low_bits->bits) {
    throw OptionError("bits", std::to_string(low_bits->bits),
                      fmt::format("{}: the weights have {} bits; others need those they were made "
                                  "from",
                                  paths.model.string(), held->bits));
  }
  if ((held || low_bits) && !device.is_cpu())
    throw OptionError("bits", "weights in 8 or 4 bits are for the CPU; on others use bf16");
  const LlmConfig llm = read_llm_config(paths, config);
  check_positions(config, llm, paths.model.string());
  if (const auto format = held ? held : low_bits) {
    const auto source = held ? paths.model / "config.json" : paths.model;
    format->check_inputs(std::min(llm.hidden_size, llm.intermediate_size), source.string());
  }
  Showo model = without_weights(config, llm, held);
  TensorMap weights = read_weights(paths.model);
  // What is to be rounded is read in the file's own dtype: from the map, without a copy.
  const bool round = low_bits && !held;
  for (auto& item : model->named_parameters()) {
    const auto in_file = weights.find(item.key());
    const bool as_in_file = in_file != weights.end() && in_file->second.is_floating_point() &&
                            (round || (held && item.key() == "showo.model.embed_tokens.weight"));
    const Weightless shapes;
    const auto wanted = as_in_file ? in_file->second.scalar_type() : dtype;
    item.value().set_data(unset(item.value().sizes(), torch::dtype(wanted).device(device)));
  }
  load_strict(*model, std::move(weights), paths.model.string());
  if (round) {
    model->round_weights(*low_bits);
    for (auto& item : model->named_parameters()) {
      if (item.key() != "showo.model.embed_tokens.weight")
        item.value().set_data(
            converted(item.value(), dtype, item.key(), paths.model.string(), device));
    }
  }
  if (!device.is_cpu()) model->join_projections();
  model->eval();
  return model;
}

void save_showo(const fs::path& folder, Showo model) {
  write_folder_atomically(folder,
                          [&](const fs::path& temporary) { write_showo(temporary, model); });
}

void write_showo(const fs::path& folder, Showo model) {
  Json config = config_to_json(model->config);
  config["_class_name"] = "Showo";
  config["llm_model_path"] = "llm";
  if (model->low_bits) {
    config[kLowBitsKey] = config_to_json(*model->low_bits);
    config[kLowBitsKey]["quant_method"] = kLowBitsMethod;
  }
  Json llm = config_to_json(model->llm_config);
  llm["qk_layernorm"] = true;
  llm["hidden_act"] = "gelu_new";
  llm["num_key_value_heads"] = model->llm_config.num_attention_heads;
  make_folder(folder / "llm");
  write_file_atomically(folder / "config.json", config.dump(2) + "\n");
  write_file_atomically(folder / "llm" / "config.json", llm.dump(2) + "\n");
  write_safetensors(folder / kWeightsFile, state_of(*model));
}

}  // namespace showo
