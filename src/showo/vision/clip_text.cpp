#include "showo/vision/clip_text.h"

#include <algorithm>

namespace showo {

ClipTextEmbeddingsImpl::ClipTextEmbeddingsImpl(const ClipTextConfig& config)
    : token_embedding(
          register_module("token_embedding", Embedding(config.vocab_size, config.hidden_size))),
      position_embedding(register_module(
          "position_embedding", Embedding(config.max_position_embeddings, config.hidden_size))) {}

Tensor ClipTextEmbeddingsImpl::forward(const Tensor& ids) {
  return token_embedding(ids) + position_embedding->weight.narrow(0, 0, ids.size(1));
}

ClipTextImpl::ClipTextImpl(const ClipTextConfig& config)
    : config(config),
      embeddings(register_module("embeddings", ClipTextEmbeddings(config))),
      encoder(register_module("encoder", ClipEncoder(config, config.num_hidden_layers))),
      final_layer_norm(register_module("final_layer_norm",
                                       LayerNorm(config.hidden_size, config.layer_norm_eps))) {}

Tensor ClipTextImpl::pooled(const Tensor& ids_BT) {
  const auto ids = ids_BT.to(embeddings->token_embedding->weight.device());
  const auto x_BTC = encoder(embeddings(ids), /*causal=*/true, config.num_hidden_layers);
  const auto end_B11 = ids.eq(config.eos_token_id).to(torch::kInt).argmax(1).view({-1, 1, 1});
  const auto end_BC = x_BTC.gather(1, end_B11.expand({-1, 1, x_BTC.size(2)})).squeeze(1);
  return final_layer_norm(end_BC);
}

Tensor clip_text_ids(const Tokenizer& tokenizer, const std::vector<std::string>& texts,
                     const ClipTextConfig& config, std::vector<bool>* cut) {
  const auto begin = tokenizer.bos();
  const bool begins = begin && *begin != config.eos_token_id && *begin < config.vocab_size;
  const auto most = static_cast<size_t>(config.max_position_embeddings - 1);
  std::vector<std::vector<int64_t>> rows;
  size_t length = 0;
  if (cut) cut->clear();
  for (const auto& text : texts) {
    auto& row = rows.emplace_back(tokenizer.encode(text));
    if (begins) row.insert(row.begin(), *begin);
    if (cut) cut->push_back(row.size() > most);
    row.resize(std::min(row.size(), most));
    row.push_back(config.eos_token_id);
    length = std::max(length, row.size());
  }
  auto ids = torch::full({static_cast<int64_t>(rows.size()), static_cast<int64_t>(length)},
                         config.eos_token_id, torch::kLong);
  auto* next = ids.mutable_data_ptr<int64_t>();
  for (const auto& row : rows) {
    std::copy(row.begin(), row.end(), next);
    next += length;
  }
  return ids;
}

}  // namespace showo
