// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): momentum whose matrix is replaced
// by the nearest orthogonal one, so that all its directions are learned at one rate. Scaled as in
// arXiv 2502.16982, where a learning rate and a decay that suit AdamW suit it too.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace showo {

/// Momentum of Muon as published; AdamW's β do not apply to it.
constexpr double kMuonMomentum = 0.95;

/// Matrices of one shape [M, R, C] → about the nearest with orthonormal rows or columns (singular
/// values between 0.7 and 1.2), by five steps of Newton and Schulz. `dtype` is what is computed in.
at::Tensor orthogonalised(const at::Tensor& matrices_MRC, at::ScalarType dtype);

/// One step: momenta[i] += …, parameters[i] −= lr·(scaled update + decay·parameters[i]).
void muon_step(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
               const std::vector<at::Tensor>& momenta, double lr, double decay,
               at::ScalarType dtype);

}  // namespace showo
