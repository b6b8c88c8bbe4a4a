// A picture file's format, which its first bytes tell; its name counts for nothing.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace showo {

bool is_png(std::span<const std::byte> bytes);
bool is_jpeg(std::span<const std::byte> bytes);
bool is_webp(std::span<const std::byte> bytes);

/// Throws Error: what the file is instead of one of these, as far as its first bytes tell.
[[noreturn]] void refuse_format(std::span<const std::byte> bytes, const std::string& name);

}  // namespace showo
