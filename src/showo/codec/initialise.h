// What a codec's weights are before any training.
#pragma once

#include "showo/codec/magvit.h"

namespace showo {

/// LibTorch's default convolution initialisation (Kaiming uniform), norms at one; for training from
/// scratch.
void initialise_codec(Magvit codec, uint64_t seed);

}  // namespace showo
