// FID (Heusel et al., 1706.08500) of features that a network made elsewhere: Fréchet's distance of
// the Gaussians that two sets have, as pytorch-fid computes it.
#pragma once

#include "showo/core/config.h"

namespace showo {

/// `a` and `b`: .safetensors with `features` [N, D], float32 or float64, N two or more; or .npz
/// with `mu` [D] and `sigma` [D, D] as pytorch-fid stores statistics, and perhaps `n` [1], of how
/// many samples they are. {"official": {"fid": …}, "dimensions": D, "samples": {"a": N, "b": N}},
/// null where that is not known, and under "problems" the sets with no more samples than
/// dimensions, whose distance is exact but tells little. (pytorch-fid's matrix root makes those
/// wrong by some 1e-8.) Throws Error naming the file and tensor for other shapes and types, values
/// that are not finite, and a sigma that is no covariance.
Json score_fid(const fs::path& a, const fs::path& b);

}  // namespace showo
