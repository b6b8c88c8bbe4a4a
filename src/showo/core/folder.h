// Folders written whole or not at all. Each has a list of what was written into it, so that only a
// folder of this program's own, to which nobody has added anything, is replaced by another.
#pragma once

#include <functional>

#include "showo/core/files.h"

namespace showo {

/// Which folder a new one may replace: only one that this program wrote and to which nobody has
/// added anything (kOwn), or any.
enum class Replace { kOwn, kAnything };

/// `fill` writes into a temporary folder beside the target, which then takes the target's place,
/// with a list of what was written: a reader sees the old folder or the whole new one, and a
/// failure or signal leaves the old one alone. Throws Error as check_replaceable does.
void write_folder_atomically(const fs::path& folder,
                             const std::function<void(const fs::path& temporary)>& fill,
                             Replace replace = Replace::kOwn);
/// Throws Error when the name is a file's, or the folder holds what may not be replaced, naming it.
void check_replaceable(const fs::path& folder, Replace replace = Replace::kOwn);
/// Removes a file, a link or a folder with all that is in it, as far as may be; what links point to
/// stays. In place of std::filesystem's remove_all, for which LibTorch 2.11 with CUDA brings a copy
/// of its own that crashes.
void remove_tree(const fs::path& path);
/// Throws UsageError when one of the two folders lies in the other: a copy would take itself in, or
/// replace what it was made from. Links are followed.
void check_apart(const fs::path& written, const fs::path& read);

}  // namespace showo
