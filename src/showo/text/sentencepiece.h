// Sentencepiece models (tokenizer.model) as transformers' LlamaTokenizer uses them: special and
// added tokens are found first, and the library encodes what stands between them.
#pragma once

#include "showo/text/folder_notes.h"
#include "showo/text/tokenizer_parts.h"

namespace showo {

/// Throws Error naming the file of what is wrong or not supported.
TokenizerParts read_sentencepiece(const fs::path& path, const FolderNotes& notes);

}  // namespace showo
