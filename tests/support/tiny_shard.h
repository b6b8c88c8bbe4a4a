// A shard of a few small pictures, no two alike.
#pragma once

#include "showo/data/shards.h"
#include "showo/image/image.h"
#include "showo/image/png.h"

namespace showo {

inline void write_tiny_shard(const fs::path& path, int pictures, int side) {
  std::vector<Sample> samples;
  for (int i = 0; i < pictures; ++i) {
    Image image(side, side);
    for (size_t p = 0; p < image.rgb.size(); ++p) image.rgb[p] = static_cast<uint8_t>(p * (i + 3));
    samples.push_back(
        {std::to_string(i), encode_png(image), "picture " + std::to_string(i), {}, ""});
  }
  write_shard(path, samples);
}

}  // namespace showo
