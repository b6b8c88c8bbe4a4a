// torch.save's container: a zip archive of stored (uncompressed) files, ARCHIVE/data.pkl and one
// file a storage.
#pragma once

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// A torch.save file (.bin): a zip archive with a pickle inside, read by a machine that knows
/// tensors and plain containers and refuses everything else by name; nothing is ever executed.
/// Tensors alias the mapped file.
TensorMap read_torch_bin(const fs::path& path);

}  // namespace showo
