// A step of a picture as a Python callback sees it, and such callbacks as C++ calls them.
#pragma once

#include <memory>
#include <vector>

#include "python/bindings/callback.h"
#include "python/bindings/running.h"
#include "showo/model.h"

namespace showo::python {

/// The codes that each picture of a call had in its newest step.
using DrawnCodes = std::shared_ptr<std::vector<std::vector<int64_t>>>;

/// Looks whether the work shall stop, keeps the codes if they are wanted, and calls the function,
/// if there is one.
OnStep each_step(const Callback& on_step, const Stop& stop, const DrawnCodes& drawn = nullptr);

}  // namespace showo::python
