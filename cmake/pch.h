// The one precompiled header: LibTorch's tensors, autograd and modules, and what else takes seconds
// to parse.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/torch.h"
