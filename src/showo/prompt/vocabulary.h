// Who owns which id (paper 3.1): the LLM's own tokens, then the special tokens, then the image
// codes, then the mask token.
#pragma once

#include <cstdint>

namespace showo {

constexpr int64_t kIgnore = -100;  // a label that takes no part in a loss

struct Vocabulary {
  int64_t pad = 0, soi = 0, eoi = 0, sov = 0, eov = 0, t2i = 0, mmu = 0, t2v = 0, v2v = 0, lvg = 0;
  int64_t bos = 0, eos = 0;  // [SOT] and [EOT]
  int64_t image_offset = 0, codebook_size = 0, mask_token = 0, size = 0;

  /// The published order after a language model's vocabulary: phi-1.5 (50295) gives [PAD] 50295 …
  /// image codes from 50305 and the mask token 58497.
  static Vocabulary after(int64_t llm_vocab_size, int64_t codebook_size, int64_t bos, int64_t eos);

  bool is_image(int64_t id) const {
    return id >= image_offset && id < image_offset + codebook_size;
  }
};

}  // namespace showo
