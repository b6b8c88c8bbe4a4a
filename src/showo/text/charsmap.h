// The table with which sentencepiece normalises texts (precompiled_charsmap): a double-array trie
// of what is replaced, in the form of the library darts-clone, and the texts that replace it.
#pragma once

#include <string>
#include <string_view>

namespace showo {

/// Throws Error naming `where` unless all that sentencepiece will look up lies inside the table: it
/// follows the trie without looking.
void check_charsmap(std::string_view table, const std::string& where);

}  // namespace showo
