#include "showo/model/self_attention.h"

#include "showo/nn/norm_rotate.h"

namespace showo {

SelfAttentionImpl::SelfAttentionImpl(const LlmConfig& config, const AttentionForm& form)
    : heads(config.num_attention_heads), key_heads(config.key_heads()) {
  const int64_t width = config.hidden_size, size = config.head_size();
  const auto linear = [&](const std::string& name, int64_t in, int64_t to, bool bias) {
    return register_module(name, Linear(in, to, bias));
  };
  q_proj = linear("q_proj", width, heads * size, form.qkv_bias);
  k_proj = linear("k_proj", width, key_heads * size, form.qkv_bias);
  v_proj = linear("v_proj", width, key_heads * size, form.qkv_bias);
  out = linear(form.out, heads * size, width, form.out_bias);
  if (config.qk_norm == "none") return;
  const auto kind = config.qk_norm == "rms" ? NormKind::kRms : NormKind::kLayer;
  q_norm = register_module(form.q_norm, LayerNorm(size, form.norm_eps, kind));
  k_norm = register_module(form.k_norm, LayerNorm(size, form.norm_eps, kind));
}

void SelfAttentionImpl::join_projections() {
  torch::NoGradGuard no_grad;
  const std::array<Linear, 3> parts = {q_proj, k_proj, v_proj};
  const std::vector<int64_t> sizes = {q_proj->out, k_proj->out, v_proj->out};
  joined_weight_ = torch::cat({q_proj->weight, k_proj->weight, v_proj->weight});
  if (q_proj->bias.defined()) joined_bias_ = torch::cat({q_proj->bias, k_proj->bias, v_proj->bias});
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i]->weight.set_data(joined_weight_.split_with_sizes(sizes)[i]);
    if (joined_bias_.defined()) parts[i]->bias.set_data(joined_bias_.split_with_sizes(sizes)[i]);
  }
}

// Queries [T, H·D], keys and values [T, G·D].
std::array<Tensor, 3> SelfAttentionImpl::project(const Tensor& x) {
  const bool joined = joined_weight_.defined() && !torch::GradMode::is_enabled() &&
                      joined_weight_.is_alias_of(q_proj->weight) &&
                      (!joined_bias_.defined() || joined_bias_.is_alias_of(q_proj->bias));
  if (!joined) return {q_proj(x), k_proj(x), v_proj(x)};
  const auto parts = product(x, joined_weight_, joined_bias_)
                         .split_with_sizes({q_proj->out, k_proj->out, v_proj->out}, -1);
  return {parts[0], parts[1], parts[2]};
}

Tensor SelfAttentionImpl::forward(const Tensor& x, const Rope& rope, const Sequences& sequences,
                                  int64_t layer, const Wanted& wanted) {
  const auto split = [&](const Tensor& t, int64_t count) {
    return t.unflatten(-1, {count, -1}).unsqueeze(0);  // [1, T, heads, D]
  };
  const auto keys = [&](const Tensor& k) {
    return norm_rotate(split(k, key_heads), k_norm, rope)[0];
  };
  const auto values = [&](const Tensor& v) { return split(v, key_heads)[0].transpose(0, 1); };
  if (wanted.all()) {
    const auto [q, k, v] = project(x);
    const auto q_HTD = norm_rotate(split(q, heads), q_norm, rope)[0];
    return out(attend(q_HTD, keys(k), values(v), sequences, layer).flatten(1));
  }
  Tensor q_HPD;
  if (!wanted.none())
    q_HPD = norm_rotate(split(q_proj(wanted.of(x)), heads), q_norm, wanted.of(rope))[0];
  const auto attended =
      attend_wanted(q_HPD, keys(k_proj(x)), values(v_proj(x)), sequences, layer, wanted);
  return wanted.none() ? x.narrow(0, 0, 0) : out(attended.flatten(1));
}

}  // namespace showo
