// One picture with what is said about it: the unit every data source yields.
#pragma once

#include <string>
#include <vector>

namespace showo {

struct Turn {
  std::string question, answer;
  std::string
      type;  // of the emoji world: what, colour, count, position, style, exists; empty elsewhere
};

struct Sample {
  std::string key;
  std::string image_bytes;  // an encoded picture: PNG, JPEG or WebP
  std::string caption;
  std::vector<Turn> turns;
  std::string metadata;  // JSON text, source by source
};

}  // namespace showo
