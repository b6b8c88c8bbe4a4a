#include "showo/codec/checkpoint.h"

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/folder.h"
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

namespace {

// Every code's signs and every bit's value: the reference loads no file without them, though they
// follow from the number of bits. The published tokenizer has 13 bits; its class knows no other
// number, and the tables double with every one.
TensorMap with_tables(TensorMap tensors, int64_t bits) {
  constexpr int64_t kMostBits = 16;
  if (bits > kMostBits) return tensors;
  const Tensor codes = torch::arange(int64_t{1} << bits);
  tensors["quantize.embedding"] =
      signs_of(codes.unsqueeze(0), bits, codes.size(0), 1).view({bits, codes.size(0)}).t();
  tensors["quantize.power_vals"] = torch::pow(2, torch::arange(bits - 1, -1, -1));
  return tensors;
}

}  // namespace

void save_codec(const fs::path& folder, Magvit codec) {
  write_folder_atomically(folder, [&](const fs::path& temporary) {
    Json config = config_to_json(codec->config);
    config["_class_name"] = "MAGVITv2";
    write_file_atomically(temporary / "config.json", config.dump(2) + "\n");
    write_safetensors(temporary / kWeightsFile,
                      with_tables(state_of(*codec), codec->config.z_channels));
  });
}

}  // namespace showo
