// What surrounds data in the world and is no part of it: byte order marks, white space, and the
// files that systems and tools leave beside data.
#pragma once

#include <string_view>

namespace showo {

/// Without the UTF-8 byte order mark that some editors begin a file with.
std::string_view without_mark(std::string_view text);
/// Without a mark, and without white space at both ends.
std::string_view trimmed(std::string_view text);
/// Whether nobody means this file as data: it or one of its folders is hidden (.DS_Store, the
/// ._0.png that macOS puts beside 0.png) or has a name that only systems give (__MACOSX, Thumbs.db,
/// PaxHeaders.123). `name` is relative to the folder or archive that was asked for, with '/'.
bool is_leftover(std::string_view name);

}  // namespace showo
