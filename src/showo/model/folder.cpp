#include "showo/model/folder.h"

#include "showo/checkpoint/load.h"

namespace showo {
namespace {

ShowoConfig read_showo_config(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  return showo_config_from_json(read_json(path), path.string());
}

LlmConfig read_llm_config(const ModelPaths& paths, const ShowoConfig& config) {
  const fs::path path = paths.llm / "config.json";
  if (fs::exists(path)) return llm_config_from_json(read_json(path), path.string());
  // Published folders only name the language model: phi-1.5's dimensions are known.
  if (config.llm_model_path.ends_with("phi-1_5")) return {};
  fail("{}: not found, and '{}' is no model whose dimensions are known; --llm names its folder",
       path.string(), config.llm_model_path);
}

}  // namespace

ModelPaths ModelPaths::in(const fs::path& folder, const fs::path& llm, const fs::path& codec) {
  if (!fs::is_directory(folder)) fail("{}: no such model folder", folder.string());
  ModelPaths paths{folder, llm, codec};
  if (paths.codec.empty()) paths.codec = folder / "codec";
  if (!paths.llm.empty()) return paths;
  paths.llm = folder / "llm";
  if (fs::exists(paths.llm)) return paths;
  const fs::path named = read_showo_config(folder).llm_model_path;
  for (const fs::path& candidate : {folder / named, named}) {
    if (fs::is_directory(candidate)) paths.llm = candidate;
  }
  return paths;
}

Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device) {
  const ShowoConfig config = read_showo_config(paths.model);
  if (config.w_clip_vit) fail("{}: w_clip_vit models are not supported yet", paths.model.string());
  Showo model(config, read_llm_config(paths, config));
  if (dtype != torch::kFloat || !device.is_cpu()) {
    for (auto& parameter : model->parameters())
      parameter.set_data(torch::empty(parameter.sizes(), torch::dtype(dtype).device(device)));
  }
  load_strict(*model, read_weights(paths.model), paths.model.string());
  model->eval();
  return model;
}

void save_showo(const fs::path& folder, Showo model) {
  write_folder_atomically(folder, [&](const fs::path& temporary) {
    Json config = config_to_json(model->config);
    config["_class_name"] = "Showo";
    config["llm_model_path"] = "llm";
    Json llm = config_to_json(model->llm_config);
    llm["qk_layernorm"] = true;
    llm["hidden_act"] = "gelu_new";
    llm["num_key_value_heads"] = model->llm_config.num_attention_heads;
    make_folder(temporary / "llm");
    write_file_atomically(temporary / "config.json", config.dump(2) + "\n");
    write_file_atomically(temporary / "llm" / "config.json", llm.dump(2) + "\n");
    write_safetensors(temporary / "model.safetensors", state_of(*model));
  });
}

}  // namespace showo
