// How recipes name files: braces, folders, lists.
#pragma once

#include <string>
#include <vector>

#include "showo/core/files.h"
#include "showo/data/source.h"

namespace showo {

/// Every name that a pattern with braces stands for: a{00..02}.tar, {left,right}/x.json, several of
/// them. Braces that hold neither stay as they are. Throws Error for ranges of other than numbers
/// or above 100,000 names.
std::vector<std::string> expand_braces(const std::string& pattern);
/// What `path` and `paths` name: files as they are, folders by those of their files that end in one
/// of `extensions`. In order, without repetition. Throws Error when nothing is there.
std::vector<fs::path> find_files(const SourceConfig& config,
                                 const std::vector<std::string>& extensions);
std::vector<fs::path> find_files(const std::string& pattern,
                                 const std::vector<std::string>& extensions);
/// Everything in a folder but leftovers (clean.h), sorted. Throws Error naming it when it cannot be
/// read.
std::vector<fs::path> items_of(const fs::path& folder);
/// The only file that `path` names.
fs::path single_file(const SourceConfig& config);
/// By its name's ending: png, jpg, jpeg or webp, in any case.
bool is_picture_name(const std::string& name);
/// A file's lines without the white space around them, empty ones left out. Throws Error when there
/// are none.
std::vector<std::string> read_lines(const fs::path& path);

}  // namespace showo
