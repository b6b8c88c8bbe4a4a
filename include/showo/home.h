// Where the files are that come with the program: the embedded model, recipes, prompts.
#pragma once

#include <string>

namespace showo {

/// A file or folder that comes with the program, such as "models/embedded": in the folder that
/// SHOWO_HOME names, else in share/showo of the prefix that the program or library was installed
/// to, else in the source tree that it was built in. Throws Error naming where it was looked for.
std::string shared_path(const std::string& name);

}  // namespace showo
