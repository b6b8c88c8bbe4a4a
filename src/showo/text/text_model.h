// What makes ids of plain text: one of the kinds of tokenizer that language models use.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace showo {

class TextModel {
 public:
  virtual ~TextModel() = default;
  /// Appends the ids of `text`, which holds no added token: any bytes. `begins` says that it is the
  /// beginning of the whole text.
  virtual void encode(std::string_view text, bool begins, std::vector<int64_t>& ids) const = 0;
};

}  // namespace showo
