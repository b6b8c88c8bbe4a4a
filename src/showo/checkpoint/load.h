// From files to modules: the published layouts of a weights folder, and strict loading.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <string>
#include <vector>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// A torch.save file (.bin): a zip archive with a pickle inside, read by a machine that knows
/// tensors and plain containers and refuses everything else by name; nothing is ever executed.
/// Tensors alias the mapped file.
TensorMap read_torch_bin(const fs::path& path);

/// The name under which weights are saved: the one that the reference looks for first.
inline constexpr const char* kWeightsFile = "pytorch_model.safetensors";

/// Whether a file of this name holds weights or says where they are.
bool holds_weights(const std::string& file_name);

/// A weights file, or a folder with one: pytorch_model, model or diffusion_pytorch_model, as
/// .safetensors or .bin, whole, sharded (*.index.json) or a variant (model.fp16.safetensors); else
/// the only file that may hold weights. What DataParallel, torch.compile and their kin put into
/// the names of tensors is left out. Throws Error listing what was found.
TensorMap read_weights(const fs::path& file_or_folder);

/// The tensor in another dtype, itself where that is its own. Throws Error naming it when a number
/// would be lost: one that is out of the dtype's range or not finite; or when codes of whole
/// numbers would be taken for weights.
at::Tensor converted(const at::Tensor& tensor, at::ScalarType dtype, const std::string& name,
                     const std::string& source, at::Device device = at::kCPU);

/// Gives every parameter and buffer its tensor, without a copy where dtype and device agree. Throws
/// one Error that sums up all missing, unexpected and wrongly shaped tensors, or that names what
/// all names have in front. Names that start with an ignored prefix may be there. Move the tensors
/// in, and a conversion holds one of them twice at a time.
void load_strict(torch::nn::Module& module, TensorMap tensors, const std::string& source,
                 const std::vector<std::string>& ignored_prefixes = {});

/// Throws Error naming the first tensor that holds a NaN or an infinity.
void check_finite(const TensorMap& tensors, const std::string& source);
void check_finite(const torch::nn::Module& module, const std::string& source);

/// Named parameters and buffers; the tensors are the module's own.
TensorMap state_of(const torch::nn::Module& module);

}  // namespace showo
