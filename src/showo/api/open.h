// A model folder opened as its options say, for every front end.
#pragma once

#include <memory>

#include "showo/generate/pipeline.h"
#include "showo/model.h"

namespace showo {

/// The dtype of a name, fp32, bf16 or fp16; where the device has no products of bf16 fp32 instead,
/// which is said. Throws OptionError.
torch::ScalarType compute_type(const std::string& dtype, torch::Device device);

/// Throws Error naming the file, key or tensor that is missing, does not fit or is not finite,
/// OptionError for options.
std::shared_ptr<Pipeline> open_pipeline(const fs::path& folder, const ModelOptions& options);

}  // namespace showo
