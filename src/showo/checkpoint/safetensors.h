// Weights as files: safetensors, mapped rather than read. The format: 8 bytes of header length, a
// JSON header that gives every tensor's dtype, shape and byte range, then the bytes
// (huggingface/safetensors, format description).
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "showo/core/files.h"

namespace showo {

using TensorMap = std::map<std::string, at::Tensor>;

struct SafetensorsFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;
};

/// The tensors alias a private, copy-on-write map of the file that lives as long as any of them:
/// loading costs no memory, and training in place never changes the file. Throws Error naming the
/// file and tensor for a header that is truncated, malformed or that lies (ranges that overlap,
/// leave holes, leave the file or disagree with shape and dtype).
SafetensorsFile read_safetensors(const fs::path& path);

/// Writes atomically, tensor by tensor, in the order of names. Throws Error naming the path.
void write_safetensors(const fs::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace showo
