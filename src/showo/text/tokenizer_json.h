// Hugging Face's tokenizer.json, as far as it describes a BPE of bytes, or of characters with byte
// fallback. Whatever would change the ids and is not understood is an Error that names the field:
// silently giving other ids would be worse.
#pragma once

#include "showo/text/folder_notes.h"
#include "showo/text/tokenizer_parts.h"

namespace showo {

/// Throws Error naming the file and field of what is wrong or not supported.
TokenizerParts read_tokenizer_json(const fs::path& path, FolderNotes notes);

}  // namespace showo
