// webdataset shards as a source, a shard a part: pictures with captions from KEY.txt, from a key of
// KEY.json, or from JSON beside the shards that captions them anew.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_webdataset(const SourceConfig& config);

}  // namespace showo
