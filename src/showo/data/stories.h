// Stories of pictures below `images`, as VIST and GenHowTo are made into: a JSON list (or lines) of
// {images: [names], captions: [texts]}, as many of both, each caption telling the picture of its
// place.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_stories(const SourceConfig& config);

}  // namespace showo
