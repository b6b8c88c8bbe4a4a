#include "showo/checkpoint/load.h"
#include "showo/codec/magvit.h"
#include "showo/core/weightless.h"

namespace showo {

Magvit load_codec(const fs::path& folder, torch::ScalarType dtype, torch::Device device) {
  const fs::path config = folder / "config.json";
  const Weightless shapes;
  Magvit codec(codec_config_from_json(read_json(config), config.string()));
  for (auto& parameter : codec->parameters())
    parameter.set_data(unset(parameter.sizes(), torch::dtype(dtype).device(device)));
  // The quantizer's tables in published files hold nothing that its definition does not say.
  load_strict(*codec, read_weights(folder), folder.string(), {"quantize."});
  if (!device.is_cpu()) use_channels_last(*codec);
  codec->eval();
  return codec;
}

void save_codec(const fs::path& folder, Magvit codec) {
  write_folder_atomically(folder, [&](const fs::path& temporary) {
    Json config = config_to_json(codec->config);
    config["_class_name"] = "MAGVITv2";
    write_file_atomically(temporary / "config.json", config.dump(2) + "\n");
    write_safetensors(temporary / "model.safetensors", state_of(*codec));
  });
}

}  // namespace showo
