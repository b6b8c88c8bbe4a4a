#include <torch/torch.h>  // an object file for the target that owns the precompiled header
