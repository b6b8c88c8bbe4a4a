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
    const LlmConfig llm =
        with_qk_norm(llm_config_from_json(read_json(path), path.string()), config.qk_norm);
    for (const auto& [key, id] :
         {std::pair{"bos_token_id", llm.bos_token_id}, {"eos_token_id", llm.eos_token_id}}) {
      if (id >= config.llm_vocab_size)
        fail("{}: {}: expected below llm_vocab_size {}, found {}", path.string(), key,
             config.llm_vocab_size, id);
    }
    return llm;
  }
  // Published folders only name the language model: phi-1.5's dimensions are known.
  if (config.llm_model_path.ends_with("phi-1_5")) return with_qk_norm({}, config.qk_norm);
  fail("{}: not found, and '{}' is no model whose dimensions are known; name its folder (llm)",
       path.string(), config.llm_model_path);
}

// How a model's weights are to be held: rounded already in its files, or to be rounded.
struct Rounding {
  std::optional<LowBits> held, wanted;
  const std::optional<LowBits>& any() const { return held ? held : wanted; }
};

Rounding rounding_of(const fs::path& folder, std::optional<LowBits> wanted, torch::Device device,
                     const LlmConfig& llm) {
  Rounding rounding{read_low_bits(folder), std::move(wanted)};
  const auto& [held, asked] = rounding;
  if (held && asked && held->bits != asked->bits) {
    throw OptionError("bits", std::to_string(asked->bits),
                      fmt::format("{}: the weights have {} bits; others need those they were made "
                                  "from",
                                  folder.string(), held->bits));
  }
  if (rounding.any() && !device.is_cpu())
    throw OptionError("bits", "weights in 8 or 4 bits are for the CPU; on others use bf16");
  if (rounding.any()) {
    rounding.any()->check_inputs(std::min(llm.hidden_size, llm.intermediate_size),
                                 (held ? folder / "config.json" : folder).string());
  }
  return rounding;
}

constexpr const char* kTable = "model.embed_tokens.weight";

// Gives a module that has only shapes the file's tensors; `round` rounds those of linear layers,
// which come in the file's own dtype then: from the map, without a copy.
template <class Module, class Round>
void fill(Module& module, TensorMap weights, const fs::path& folder, torch::ScalarType dtype,
          torch::Device device, const Rounding& rounding, Round round,
          const std::vector<std::string>& ignored = {}) {
  const bool rounds = rounding.wanted && !rounding.held;
  for (auto& item : module->named_parameters()) {
    const auto in_file = weights.find(item.key());
    const bool as_in_file = in_file != weights.end() && in_file->second.is_floating_point() &&
                            (rounds || (rounding.held && item.key().ends_with(kTable)));
    const Weightless shapes;
    const auto wanted = as_in_file ? in_file->second.scalar_type() : dtype;
    item.value().set_data(unset(item.value().sizes(), torch::dtype(wanted).device(device)));
  }
  load_strict(*module, std::move(weights), folder.string(), ignored);
  if (rounds) {
    round(*rounding.wanted);
    for (auto& item : module->named_parameters()) {
      if (!item.key().ends_with(kTable))
        item.value().set_data(converted(item.value(), dtype, item.key(), folder.string(), device));
    }
  }
  module->eval();
}

// The projector's width is that of the tower it was made for, which its weights tell.
void set_feature_width(ShowoConfig& config, const TensorMap& weights, const fs::path& folder) {
  if (config.seen_as() == Vision::kDiscrete) return;
  for (const char* name : {"mm_projector.0.weight", "mm_projector.0.weight_codes"}) {
    const auto found = weights.find(name);
    if (found == weights.end() || found->second.dim() != 2) continue;
    if (config.feature_width == 0) config.feature_width = found->second.size(1);
    return;
  }
  fail("{}: vision is {}, but tensor 'mm_projector.0.weight' is missing", folder.string(),
       config.vision);
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

bool is_language_model(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  if (!fs::exists(path)) return false;
  const Json json = read_json(path);
  return json.is_object() && json.contains("model_type") && !json.contains("codebook_size");
}

ModelPaths ModelPaths::in(const fs::path& folder, const fs::path& llm, const fs::path& codec,
                          const fs::path& clip) {
  if (!fs::is_directory(folder)) fail("{}: no such model folder", folder.string());
  ModelPaths paths{folder, llm, codec, clip};
  if (paths.codec.empty()) paths.codec = folder / "codec";
  if (paths.clip.empty()) paths.clip = folder / "clip";
  if (!paths.llm.empty()) return paths;
  if (is_language_model(folder)) {
    paths.llm = folder;
    return paths;
  }
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

LlmConfig with_qk_norm(LlmConfig llm, bool wanted) {
  if (!wanted) {
    llm.qk_norm = "none";
  } else if (llm.qk_norm.empty() || llm.qk_norm == "none") {
    llm.qk_norm = llm.model_type == "phi" ? "layer" : "rms";
  }
  return llm;
}

Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                 std::optional<LowBits> low_bits) {
  ShowoConfig config = read_showo_config(paths.model);
  const LlmConfig llm = read_llm_config(paths, config);
  check_positions(config, llm, paths.model.string());
  const Rounding rounding = rounding_of(paths.model, std::move(low_bits), device, llm);
  TensorMap weights = read_weights(paths.model);
  set_feature_width(config, weights, paths.model);
  const auto built = [&] {
    const Weightless shapes;
    Showo model(config, llm);
    if (rounding.held) model->expect_rounded(*rounding.held);
    return model;
  };
  Showo model = built();
  fill(model, std::move(weights), paths.model, dtype, device, rounding,
       [&](const LowBits& format) { model->round_weights(format); });
  if (!device.is_cpu()) model->showo->join_projections();
  return model;
}

Backbone load_language_model(const fs::path& folder, torch::ScalarType dtype, torch::Device device,
                             std::optional<LowBits> low_bits) {
  const fs::path path = folder / "config.json";
  const LlmConfig llm = llm_config_from_json(read_json(path), path.string());
  const Rounding rounding = rounding_of(folder, std::move(low_bits), device, llm);
  TensorMap weights = read_weights(folder);
  const auto built = [&] {
    const Weightless shapes;
    Backbone model(llm, llm.vocab_size);
    if (rounding.held) model->expect_rounded(*rounding.held);
    return model;
  };
  Backbone model = built();
  std::vector<std::string> ignored;  // a head that is the embedding is sometimes saved twice
  if (llm.tie_word_embeddings) ignored.emplace_back("lm_head.");
  fill(
      model, std::move(weights), folder, dtype, device, rounding,
      [&](const LowBits& format) { model->round_weights(format); }, ignored);
  if (!device.is_cpu()) model->join_projections();
  return model;
}

void save_showo(const fs::path& folder, Showo model) {
  write_folder_atomically(folder,
                          [&](const fs::path& temporary) { write_showo(temporary, model); });
}

void write_showo(const fs::path& folder, Showo model) {
  Json config = showo_config_to_json(model->config);
  config["_class_name"] = "Showo";
  config["llm_model_path"] = "llm";
  if (model->low_bits) {
    config[kLowBitsKey] = config_to_json(*model->low_bits);
    config[kLowBitsKey]["quant_method"] = kLowBitsMethod;
  }
  const Json llm = llm_config_to_json(model->llm_config());
  make_folder(folder / "llm");
  write_file_atomically(folder / "config.json", config.dump(2) + "\n");
  write_file_atomically(folder / "llm" / "config.json", llm.dump(2) + "\n");
  write_safetensors(folder / kWeightsFile, state_of(*model));
}

}  // namespace showo
