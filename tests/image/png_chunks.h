// PNGs with chunks of all kinds.
#pragma once

#include <zlib.h>

#include "showo/image/image.h"

namespace showo {

inline std::string number(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

inline std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  return number(static_cast<uint32_t>(data.size())) + body +
         number(static_cast<uint32_t>(crc32_z(0, bytes, body.size())));
}

// `chunks` between a file's header and its pixels.
inline std::string with_chunks(const std::string& png, const std::string& chunks) {
  constexpr size_t kAfterHeader = 8 + 12 + 13;
  return png.substr(0, kAfterHeader) + chunks + png.substr(kAfterHeader);
}

}  // namespace showo
