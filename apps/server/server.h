// `showo serve`: pictures and answers over HTTP, for clients of OpenAI's interface and for the page
// that comes with it (docs/server.md).
#pragma once

#include <functional>
#include <string>

#include "apps/server/options.h"
#include "showo/model.h"

namespace showo::server {

/// Serves until `ends`; then running requests have Options::grace seconds. `ready` hears the
/// address when requests are answered. Throws Error for a model, port, key or certificate that does
/// not serve, OptionError for options.
void serve(const std::string& folder, ModelOptions model, const Options& options,
           const std::function<bool()>& ends, const std::function<void(const std::string&)>& ready);

}  // namespace showo::server
