// The folder that a run fills little by little, and in which one that was stopped goes on: run.json
// says what of.
#pragma once

#include "showo/core/config.h"
#include "showo/dist/group.h"

namespace showo {

/// Writes run.json on the leading process, and waits until all processes are here. Throws Error
/// naming the folder when it holds another run's.
void claim_run(const fs::path& folder, const Json& run, Group& group);

}  // namespace showo
