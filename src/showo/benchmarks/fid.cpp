#include "showo/benchmarks/fid.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <optional>

#include "showo/benchmarks/benchmark.h"
#include "showo/benchmarks/npz.h"
#include "showo/checkpoint/safetensors.h"

namespace showo {
namespace {

using at::Tensor;

// A Gaussian; all in double. Its covariance is RᵀR, so that Tr (Σ₁Σ₂)^½ is the sum of the singular
// values of R₁R₂ᵀ and needs no root of a matrix, which is inexact where the matrix has no full
// rank.
struct Gaussian {
  Tensor mean_D, root_RD;
  std::optional<int64_t> samples;
};

// Squares of what is beyond the limit would not be finite.
void require_finite(const Tensor& values, const std::string& where) {
  const int64_t bad = values.numel() - (values.abs() < 1e100).sum().item<int64_t>();
  if (bad > 0) fail("{}: {} of {} values are not finite", where, bad, values.numel());
}

std::string shape_of(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

Gaussian from_features(const fs::path& path) {
  const auto tensors = read_safetensors(path).tensors;
  const auto found = tensors.find("features");
  if (found == tensors.end()) fail("{}: tensor 'features' is missing", path.string());
  const Tensor& features = found->second;
  const std::string where = path.string() + ": tensor 'features'";
  if (features.scalar_type() != at::kFloat && features.scalar_type() != at::kDouble)
    fail("{}: expected float32 or float64, found {}", where, at::toString(features.scalar_type()));
  if (features.dim() != 2 || features.size(0) < 2 || features.size(1) < 1)
    fail("{}: expected [2 or more, 1 or more], found {}", where, shape_of(features));
  require_finite(features, where);
  const Tensor rows_ND = features.to(at::kDouble);
  const Tensor mean_D = rows_ND.mean(0);
  const int64_t n = rows_ND.size(0);
  // The triangle has the rows' products, and D rows at most.
  const Tensor root_RD = std::get<1>(at::linalg_qr(rows_ND - mean_D, "r"));
  return {mean_D, root_RD / std::sqrt(static_cast<double>(n - 1)), n};
}

Gaussian from_statistics(const fs::path& path) {
  auto arrays = read_npz(path, {"mu", "sigma"}, {"n"});
  const auto tensor = [&](const char* name) {
    const NpyArray& array = arrays[name];
    const auto options = at::TensorOptions().dtype(at::kDouble);
    const Tensor values =
        at::from_blob(const_cast<double*>(array.values.data()), array.shape, options).clone();
    require_finite(values, fmt::format("{}: '{}'", path.string(), name));
    return values;
  };
  const Tensor mean_D = tensor("mu"), sigma_DD = tensor("sigma");
  const int64_t d = mean_D.numel();
  if (mean_D.dim() != 1 || d == 0 || sigma_DD.sizes() != at::IntArrayRef({d, d}))
    fail("{}: expected mu [D] and sigma [D, D], found {} and {}", path.string(), shape_of(mean_D),
         shape_of(sigma_DD));
  const double largest = sigma_DD.abs().max().item<double>();
  const auto [values_D, vectors_DD] = at::linalg_eigh((sigma_DD + sigma_DD.t()) / 2);
  if ((sigma_DD - sigma_DD.t()).abs().max().item<double>() > 1e-6 * largest ||
      values_D.min().item<double>() < -1e-6 * static_cast<double>(d) * largest)
    fail("{}: 'sigma' is no covariance: not symmetric, or with negative eigenvalues",
         path.string());
  // What rounding left of eigenvalues that are 0 would have large roots.
  const double noise = 1e-15 * static_cast<double>(d) * values_D.max().item<double>();
  const Tensor kept_R = at::nonzero(values_D > noise).squeeze(1);
  const Tensor roots_R = values_D.index_select(0, kept_R).sqrt();
  std::optional<int64_t> samples;
  if (const auto& n = arrays["n"].values; n.size() == 1 && n[0] >= 2 && n[0] < 1e15)
    samples = static_cast<int64_t>(n[0]);
  return {mean_D, roots_R.unsqueeze(1) * vectors_DD.t().index_select(0, kept_R), samples};
}

Gaussian read_gaussian(const fs::path& path) {
  return path.extension() == ".npz" ? from_statistics(path) : from_features(path);
}

double frechet(const Gaussian& a, const Gaussian& b) {
  const Tensor shared = at::linalg_svdvals(at::matmul(a.root_RD, b.root_RD.t())).sum();
  const Tensor apart = (a.mean_D - b.mean_D).square().sum();
  return (apart + a.root_RD.square().sum() + b.root_RD.square().sum() - 2 * shared).item<double>();
}

}  // namespace

Json score_fid(const fs::path& a, const fs::path& b) {
  const Gaussian first = read_gaussian(a), second = read_gaussian(b);
  const int64_t d = first.mean_D.numel();
  if (second.mean_D.numel() != d)
    fail("{}: {} dimensions, but {} has {}", b.string(), second.mean_D.numel(), a.string(), d);
  Problems problems;
  Json samples;
  for (const auto& [key, path, gaussian] :
       {std::tuple("a", &a, &first), std::tuple("b", &b, &second)}) {
    const auto n = gaussian->samples;
    samples[key] = n ? Json(*n) : Json();
    if (n && *n <= d)
      problems.add("few samples", fmt::format("{}: {} of {} dimensions", path->string(), *n, d));
  }
  // Rounding can make a set lie a little less than nothing from itself.
  return {{"official", {{"fid", std::max(frechet(first, second), 0.0)}}},
          {"dimensions", d},
          {"samples", samples},
          {"problems", problems.to_json()}};
}

}  // namespace showo
