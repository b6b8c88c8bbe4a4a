#include "showo/model/llama.h"

#include "showo/model/self_attention.h"

namespace showo {
namespace {

struct GatedMlpImpl : torch::nn::Module {
  explicit GatedMlpImpl(const LlmConfig& config)
      : gate_proj(register_module("gate_proj",
                                  Linear(config.hidden_size, config.intermediate_size, false))),
        up_proj(register_module("up_proj",
                                Linear(config.hidden_size, config.intermediate_size, false))),
        down_proj(register_module("down_proj",
                                  Linear(config.intermediate_size, config.hidden_size, false))) {}
  Tensor forward(const Tensor& x) { return down_proj(torch::silu(gate_proj(x)) * up_proj(x)); }
  Linear gate_proj, up_proj, down_proj;
};
TORCH_MODULE(GatedMlp);

struct LlamaLayerImpl : DecoderLayerImpl {
  LlamaLayerImpl(const LlmConfig& config, AttentionForm form)
      : input_layernorm(norm("input_layernorm", config)),
        post_attention_layernorm(norm("post_attention_layernorm", config)) {
    form.norm_eps = config.rms_norm_eps;
    self_attn = register_module("self_attn", SelfAttention(config, form));
    mlp = register_module("mlp", GatedMlp(config));
  }

  Tensor forward(const Tensor& x, const Rope& rope, const Sequences& sequences, int64_t layer,
                 const Wanted& wanted) override {
    const auto attended = self_attn(input_layernorm(x), rope, sequences, layer, wanted);
    if (wanted.none()) return attended;
    const auto seen = wanted.of(x) + attended;
    return seen + mlp(post_attention_layernorm(seen));
  }
  void join_projections() override { self_attn->join_projections(); }

  LayerNorm input_layernorm, post_attention_layernorm;
  SelfAttention self_attn{nullptr};
  GatedMlp mlp{nullptr};

 private:
  LayerNorm norm(const char* name, const LlmConfig& config) {
    return register_module(name,
                           LayerNorm(config.hidden_size, config.rms_norm_eps, NormKind::kRms));
  }
};

}  // namespace

std::shared_ptr<DecoderLayerImpl> llama_layer(const LlmConfig& config) {
  return std::make_shared<LlamaLayerImpl>(
      config, AttentionForm{.qkv_bias = config.attention_bias, .out_bias = config.attention_bias});
}

std::shared_ptr<DecoderLayerImpl> qwen2_layer(const LlmConfig& config) {
  return std::make_shared<LlamaLayerImpl>(config, AttentionForm{.qkv_bias = true});
}

std::shared_ptr<DecoderLayerImpl> qwen3_layer(const LlmConfig& config) {
  return std::make_shared<LlamaLayerImpl>(config, AttentionForm{.q_norm = "q_norm",
                                                                .k_norm = "k_norm",
                                                                .qkv_bias = config.attention_bias,
                                                                .out_bias = config.attention_bias});
}

}  // namespace showo
