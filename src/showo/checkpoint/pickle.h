// The pickle inside a torch.save file, read by a machine that only knows tensors and plain
// containers. Nothing is executed: a pickle that asks for anything else is refused with the name of
// what it asked for. Private to this folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// A storage the pickle names: its file in the archive and what its elements are.
struct StorageName {
  at::ScalarType dtype;
  std::string_view key;  // in the pickle
  int64_t elements;
};

/// Makes the tensor that a storage, an offset and strides describe; checks that it lies within the
/// storage.
using TensorMaker =
    std::function<at::Tensor(const StorageName&, int64_t offset, const std::vector<int64_t>& shape,
                             const std::vector<int64_t>& strides)>;

/// The tensors of a state dict by name, or of the one inside a training checkpoint ("state_dict",
/// "model" and the like). Throws Error naming `source`.
TensorMap read_pickled_tensors(std::string_view pickle, const std::string& source,
                               const TensorMaker& make);

}  // namespace showo
