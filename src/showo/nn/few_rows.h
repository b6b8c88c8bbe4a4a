// Products of few rows in bf16, an answer's tokens, which are as fast as their weights are read;
// LibTorch's take two to three times as long.
#pragma once

#include <torch/types.h>

#include "showo/nn/product.h"

namespace showo {

/// Whether `few_rows_product` computes x·weightᵀ: on a CPU, in bf16, at most four rows.
bool takes_few_rows(const Tensor& x, const Tensor& weight);

/// x [..., in], weight [out, in], bias [out] or undefined → [..., out]. Summed in fp32, bias and
/// activation included.
Tensor few_rows_product(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Activation activation);

}  // namespace showo
