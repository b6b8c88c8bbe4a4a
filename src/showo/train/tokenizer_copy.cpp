#include "showo/train/tokenizer_copy.h"

#include "showo/core/error.h"
#include "showo/text/tokenizer.h"

namespace showo {

void copy_tokenizer(const fs::path& from, const fs::path& to) {
  for (const auto& name : tokenizer_files(from)) fs::copy_file(from / name, to / name);
}

void check_same_tokenizer(const fs::path& now, const fs::path& kept) {
  for (const auto& name : tokenizer_files(kept)) {
    if (!fs::exists(now / name) || read_file(now / name) != read_file(kept / name)) {
      fail("{}: differs from {}: another text tokenizer than the run's", (now / name).string(),
           (kept / name).string());
    }
  }
}

}  // namespace showo
