// The text tokenizer that a run saves beside what it trains: its ids are what was learned.
#pragma once

#include "showo/core/files.h"

namespace showo {

/// Copies the tokenizer's files from one folder into another that is there.
void copy_tokenizer(const fs::path& from, const fs::path& to);
/// Throws Error naming the first file in which the tokenizer `now` in use differs from the one that
/// was `kept`.
void check_same_tokenizer(const fs::path& now, const fs::path& kept);

}  // namespace showo
