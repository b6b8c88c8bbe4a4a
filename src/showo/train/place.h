// Where a run runs: its device, and the processes that share it.
#pragma once

#include "showo/core/torch.h"

#include "showo/dist/group.h"

namespace showo {

struct TrainerPlace {
  torch::Device device = torch::kCPU;
  Group group = {};
};

template <class Module>
Module on(torch::Device device, Module module) {
  module->to(device);
  return module;
}

}  // namespace showo
