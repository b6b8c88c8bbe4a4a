// The page's files and the description of the interface, inside the program.
#pragma once

#include <span>
#include <string_view>

namespace showo::server {

struct PageFile {
  std::string_view name;  // "index.html"
  std::string_view content;
};

std::span<const PageFile> page_files();

}  // namespace showo::server
