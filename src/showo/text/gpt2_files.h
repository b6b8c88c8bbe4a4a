// GPT-2's published form: vocab.json and merges.txt.
#pragma once

#include "showo/text/folder_notes.h"
#include "showo/text/tokenizer_parts.h"

namespace showo {

/// Throws Error naming the file, and the token or line, of what is wrong.
TokenizerParts read_gpt2_files(const fs::path& folder, const FolderNotes& notes);

}  // namespace showo
