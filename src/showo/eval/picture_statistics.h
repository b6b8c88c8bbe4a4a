// FID from pictures: mean and covariance of Inception's features, kept as pytorch-fid keeps them.
#pragma once

#include "showo/eval/inception.h"
#include "showo/eval/texted_pictures.h"

namespace showo {

/// Looks at the folder's pictures (pictures_in) and writes mu, sigma and n as .npz. Problems: those
/// of pictures_in, and "damaged" (a picture that cannot be read: left out). Throws Error naming a
/// picture whose features are not finite, and the folder when fewer than two pictures are left.
void write_picture_statistics(Inception inception, const fs::path& folder, const fs::path& out,
                              Problems& problems, torch::Device device = torch::kCPU);

}  // namespace showo
