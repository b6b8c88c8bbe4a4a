// Any bytes as stretches of UTF-8 and the single bytes between them that are none.
#pragma once

#include <string_view>

#include "showo/core/utf8.h"

namespace showo {

/// Calls each(stretch, true) and each(one byte, false) in order; together they are the text. No
/// stretch is empty.
template <class Each>
void for_each_run(std::string_view text, const Each& each) {
  size_t from = 0, at = 0;
  auto end_run = [&] {
    if (at > from) each(text.substr(from, at - from), true);
  };
  while (at < text.size()) {
    if (const size_t length = utf8_length(text.substr(at))) {
      at += length;
      continue;
    }
    end_run();
    each(text.substr(at, 1), false);
    from = ++at;
  }
  end_run();
}

}  // namespace showo
