// A folder a class, as ImageNet and torchvision's ImageFolder have it: ROOT/n01440764/*.JPEG. The
// caption is the class's name, from a file of names by folder ("n01440764 tench, Tinca tinca") or,
// without one, the folder's name with spaces for underscores.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_imagenet(const SourceConfig& config);

}  // namespace showo
