#include "showo/model/phi.h"

#include "showo/model/self_attention.h"

namespace showo {
namespace {

struct PhiMlpImpl : torch::nn::Module {
  explicit PhiMlpImpl(const LlmConfig& config)
      : fc1(register_module("fc1", Linear(config.hidden_size, config.intermediate_size))),
        fc2(register_module("fc2", Linear(config.intermediate_size, config.hidden_size))) {}
  Tensor forward(const Tensor& x) { return fc2(fc1->forward_gelu(x)); }
  Linear fc1, fc2;
};
TORCH_MODULE(PhiMlp);

struct PhiLayerImpl : DecoderLayerImpl {
  explicit PhiLayerImpl(const LlmConfig& config)
      : input_layernorm(register_module("input_layernorm",
                                        LayerNorm(config.hidden_size, config.layer_norm_eps))),
        self_attn(register_module(
            "self_attn", SelfAttention(config, AttentionForm{.out = "dense",
                                                             .qkv_bias = true,
                                                             .out_bias = true,
                                                             .norm_eps = config.layer_norm_eps}))),
        mlp(register_module("mlp", PhiMlp(config))) {}

  Tensor forward(const Tensor& x, const Rope& rope, const Sequences& sequences, int64_t layer,
                 const Wanted& wanted) override {
    const auto normed = input_layernorm(x);
    const auto attended = self_attn(normed, rope, sequences, layer, wanted);
    return wanted.none() ? attended : wanted.of(x) + attended + mlp(wanted.of(normed));
  }
  void join_projections() override { self_attn->join_projections(); }

  LayerNorm input_layernorm;
  SelfAttention self_attn;
  PhiMlp mlp;
};

}  // namespace

std::shared_ptr<DecoderLayerImpl> phi_layer(const LlmConfig& config) {
  return std::make_shared<PhiLayerImpl>(config);
}

}  // namespace showo
