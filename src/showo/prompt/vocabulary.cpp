#include "showo/prompt/vocabulary.h"

#include <initializer_list>

namespace showo {

Vocabulary Vocabulary::after(int64_t llm_vocab_size, int64_t codebook_size, int64_t bos,
                             int64_t eos) {
  Vocabulary v;
  int64_t id = llm_vocab_size;
  for (int64_t* special :
       {&v.pad, &v.soi, &v.eoi, &v.sov, &v.eov, &v.t2i, &v.mmu, &v.t2v, &v.v2v, &v.lvg})
    *special = id++;
  v.bos = bos;
  v.eos = eos;
  v.image_offset = id;
  v.codebook_size = codebook_size;
  v.mask_token = id + codebook_size;
  v.size = v.mask_token + 1;
  return v;
}

}  // namespace showo
