// The layer of Llama (arXiv 2307.09288, 2407.21783) and of Qwen2 and Qwen3 (arXiv 2407.10671,
// 2505.09388): RMSNorm before attention and before the MLP, which is gated by silu (SwiGLU, arXiv
// 2002.05202). They differ in biases and in the names of their norms.
#pragma once

#include "showo/model/config.h"
#include "showo/model/decoder_layer.h"

namespace showo {

std::shared_ptr<DecoderLayerImpl> llama_layer(const LlmConfig& config);
std::shared_ptr<DecoderLayerImpl> qwen2_layer(const LlmConfig& config);
std::shared_ptr<DecoderLayerImpl> qwen3_layer(const LlmConfig& config);

}  // namespace showo
