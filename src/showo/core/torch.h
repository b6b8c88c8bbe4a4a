// What of LibTorch's C++ frontend is used here: tensors, autograd, modules. All of it
// (torch/torch.h: ready-made layers, optimizers, data loaders) doubles the time to compile a file.
#pragma once

#include <ATen/ATen.h>
#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>
#include <torch/utils.h>
