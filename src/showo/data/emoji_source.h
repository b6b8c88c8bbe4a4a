// The emoji world composed as it is needed: the training scenes of the options in a file, as `showo
// data emoji` writes them beside its shards (options.json), or those of one thing with its name for
// a caption, what ImageNet's classes are to the published model.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_emoji(const SourceConfig& config);

}  // namespace showo
