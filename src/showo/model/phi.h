// phi-1.5's layer (arXiv 2309.05463): attention and MLP side by side after one LayerNorm, biases
// everywhere, half of each head rotates.
#pragma once

#include "showo/model/config.h"
#include "showo/model/decoder_layer.h"

namespace showo {

std::shared_ptr<DecoderLayerImpl> phi_layer(const LlmConfig& config);

}  // namespace showo
