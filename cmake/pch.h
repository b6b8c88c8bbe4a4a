// The one precompiled header: LibTorch's modules and autograd, 15–30 s to parse, shared by the
// model folders.
#pragma once
#include <torch/torch.h>
