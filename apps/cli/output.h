// The folder that a command writes: whole or not at all, apart from what it reads, and in place of
// nothing but this program's own.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "showo/core/files.h"
#include "showo/core/folder.h"

namespace showo::cli {

struct OutputFolder {
  std::string path;
  bool force = false;
  /// --force
  void add_force(CLI::App& command);
  /// Throws what can be known before the work is done; `read`: folders that the command reads.
  void check(const std::vector<fs::path>& read = {}) const;
  void write(const std::function<void(const fs::path& temporary)>& fill) const;
  Replace replace() const { return force ? Replace::kAnything : Replace::kOwn; }
};

/// Files whose names have no dot in front and which are wanted, from one folder into another.
void copy_files(const fs::path& from, const fs::path& to,
                const std::function<bool(const std::string& name)>& wanted);
/// With the folders inside. Throws Error naming a link that leads back to where it was found.
void copy_tree(const fs::path& from, const fs::path& to,
               const std::function<bool(const std::string& name)>& wanted);

}  // namespace showo::cli
