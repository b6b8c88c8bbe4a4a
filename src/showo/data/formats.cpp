#include "showo/data/formats.h"

#include "showo/data/captions.h"
#include "showo/data/emoji_source.h"
#include "showo/data/imagenet.h"
#include "showo/data/lines.h"
#include "showo/data/llava.h"
#include "showo/data/parquet.h"
#include "showo/data/stories.h"
#include "showo/data/webdataset.h"

namespace showo {

const std::vector<Format>& formats() {
  static const std::vector<Format> table = {
      {"captions", open_captions, {"images", "caption_key"}},
      {"emoji", open_emoji, {"classes"}},
      {"imagenet", open_imagenet, {"names", "any_name"}},
      {"lines", open_lines, {"column"}},
      {"llava", open_llava, {"images"}},
      {"parquet", open_parquet, {"column"}},
      {"stories", open_stories, {"images"}},
      {"webdataset", open_webdataset, {"captions", "caption_key"}},
  };
  return table;
}

}  // namespace showo
