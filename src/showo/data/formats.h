// The table of formats that recipes name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "showo/data/source.h"

namespace showo {

/// What a source's `format` names.
struct Format {
  const char* name;
  std::unique_ptr<data::Source> (*open)(const SourceConfig&);
  std::vector<std::string> options;  // those of SourceConfig that not every format understands
};
const std::vector<Format>& formats();

}  // namespace showo
