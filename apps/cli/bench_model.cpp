#include "apps/cli/bench.h"
#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/core/device.h"
#include "showo/core/random.h"

namespace showo::cli {
namespace {

// The same weights whatever the format and device; room is touched when a weight is written.
Showo random_model(const BenchFlags& f, torch::ScalarType dtype,
                   const std::optional<LowBits>& low_bits) {
  torch::NoGradGuard no_grad;
  const int64_t side = f.size / CodecConfig{}.stride();
  const torch::Device device = parse_device(f.model.device);
  if (low_bits && !device.is_cpu()) throw UsageError("--bits is for the CPU");
  ShowoConfig config = published_sight(f.vision);
  config.num_vq_tokens = side * side;
  LlmConfig llm;
  llm.num_hidden_layers = f.layers;
  Showo model(config, with_qk_norm(llm));
  auto random = make_generator(0);
  for (auto& item : model->named_parameters()) {
    auto& parameter = item.value();
    if (item.key().ends_with("bias")) {
      parameter.zero_();
    } else if (parameter.dim() == 1) {  // a norm's
      parameter.fill_(1);
    } else {
      parameter.uniform_(-0.035, 0.035, random);
    }
    if (!low_bits) parameter.set_data(parameter.to(device, dtype));
  }
  if (low_bits) {
    model->round_weights(*low_bits);
    for (auto& item : model->named_parameters()) item.value().set_data(item.value().to(dtype));
  }
  if (!device.is_cpu()) model->showo->join_projections();
  model->eval();
  return model;
}

}  // namespace

std::vector<fs::path> BenchFlags::read() const {
  if (random) return {};
  const auto paths = model.paths();
  return {paths.model, paths.llm, paths.codec, paths.clip};
}

Showo bench_model(const BenchFlags& f, torch::ScalarType dtype,
                  const std::optional<LowBits>& low_bits) {
  if (f.random) return random_model(f, dtype, low_bits);
  return load_showo(f.model.paths(), dtype, parse_device(f.model.device), low_bits);
}

int64_t layer_weights(Showo& model) {
  int64_t weights = 0;
  for (const auto& [name, linear] : linears_of(*model->showo->model->layers[0]))
    weights += linear->in * linear->out;
  return weights;
}

int64_t attention_width(Showo& model) {
  const LlmConfig& llm = model->llm_config();
  return 2 * llm.num_attention_heads * llm.head_size();
}

Magvit bench_codec(const BenchFlags& f, torch::ScalarType dtype) {
  if (f.random) {
    Magvit codec(CodecConfig{});
    initialise_codec(codec, f.model.seed);
    codec->eval();
    codec->to(parse_device(f.model.device), dtype);
    if (!parse_device(f.model.device).is_cpu()) use_channels_last(*codec);
    return codec;
  }
  return load_codec(f.model.paths().codec, dtype, parse_device(f.model.device));
}

}  // namespace showo::cli
