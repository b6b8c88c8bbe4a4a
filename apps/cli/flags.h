// One description of a configuration serves the command line too: every field of a visitable struct
// becomes a flag.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

namespace showo::cli {

struct FlagVisitor {
  CLI::App& app;
  template <class T>
  void operator()(T& value, const char* key, const char* help) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', '-');
    app.add_option("--" + name, value, help)->capture_default_str();
  }
};

template <class Options>
void add_flags(CLI::App& app, Options& options) {
  FlagVisitor visitor{app};
  options.visit(visitor);
}

}  // namespace showo::cli
