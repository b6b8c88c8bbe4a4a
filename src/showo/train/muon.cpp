#include "showo/train/muon.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace showo {

at::Tensor orthogonalised(const at::Tensor& matrices, at::ScalarType dtype) {
  // The published polynomial: it lifts small singular values fast and lets large ones waver near 1.
  constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
  const bool tall = matrices.size(1) > matrices.size(2);
  auto x = (tall ? matrices.transpose(1, 2) : matrices).to(dtype);
  x = x / (x.norm(2, {1, 2}, /*keepdim=*/true) + 1e-7);
  for (int step = 0; step < 5; ++step) {
    const auto gram = at::bmm(x, x.transpose(1, 2));
    const auto polynomial = at::baddbmm(gram, gram, gram, kB, kC);
    x = at::baddbmm(x, polynomial, x, kA, 1);
  }
  return (tall ? x.transpose(1, 2) : x).to(matrices.scalar_type());
}

void muon_step(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
               const std::vector<at::Tensor>& momenta, double lr, double decay,
               at::ScalarType dtype) {
  if (parameters.empty()) return;
  at::NoGradGuard no_grad;
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> by_shape;  // one product for each
  for (size_t i = 0; i < parameters.size(); ++i)
    by_shape[{parameters[i].size(0), parameters[i].numel() / parameters[i].size(0)}].push_back(i);
  for (const auto& [shape, members] : by_shape) {
    std::vector<at::Tensor> updates;
    for (size_t i : members) {
      at::Tensor momentum = momenta[i];
      momentum.mul_(kMuonMomentum).add_(gradients[i]);
      // Nesterov's look ahead
      updates.push_back(gradients[i].add(momentum, kMuonMomentum).flatten(1));
    }
    const auto directions = orthogonalised(at::stack(updates), dtype);
    const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(shape.first, shape.second)));
    for (size_t m = 0; m < members.size(); ++m) {
      at::Tensor parameter = parameters[members[m]];
      parameter.mul_(1 - lr * decay)
          .add_(directions[static_cast<int64_t>(m)].reshape(parameter.sizes()), -lr * scale);
    }
  }
}

}  // namespace showo
