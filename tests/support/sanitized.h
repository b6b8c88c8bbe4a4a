// Whether the address sanitizer is in the program: it maps and keeps far more memory than the
// program does.
#pragma once

extern "C" void __asan_init() __attribute__((weak));

namespace showo {

inline bool sanitized() { return __asan_init != nullptr; }

}  // namespace showo
