// GPT-2's published form, which CLIP's is too: vocab.json and merges.txt.
#pragma once

#include "showo/text/folder_notes.h"
#include "showo/text/tokenizer_parts.h"

namespace showo {

/// CLIP's where the vocabulary marks the ends of words ("a</w>"). Throws Error naming the file, and
/// the token or line, of what is wrong.
TokenizerParts read_gpt2_files(const fs::path& folder, FolderNotes notes);

}  // namespace showo
