// The page of a gallery: what stands on it is text, whatever it says, and pictures are inside.
#include "showo/eval/gallery.h"

#include <gtest/gtest.h>

#include "tests/data/support.h"

namespace showo {
namespace {

class GalleryPage : public Scratch {
 protected:
  std::string page(const std::vector<GalleryItem>& items) {
    Gallery gallery("answers <1>", "a & b");
    for (const auto& item : items) gallery.add(item);
    gallery.write(folder_ / "page.html");
    return read_file(folder_ / "page.html");
  }
};

int64_t count_of(const std::string& text, const std::string& part) {
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(GalleryPage, ShowsTextsAsTheyAre) {
  const std::string text = page({{{Image(3, 2)},
                                  "is <b>it</b> \"red\" & big?",
                                  "yes",
                                  "no",
                                  "<script>alert(1)</script>",
                                  false},
                                 {{}, "what?", "猫", "猫", "what", true},
                                 {{}, "who?", "", "", "", std::nullopt}});
  EXPECT_NE(text.find("<title>answers &lt;1&gt;</title>"), std::string::npos);
  EXPECT_NE(text.find("is &lt;b&gt;it&lt;/b&gt; &quot;red&quot; &amp; big?"), std::string::npos);
  EXPECT_EQ(text.find("<script>alert"), std::string::npos);
  EXPECT_NE(text.find("<b>猫</b>"), std::string::npos);
  EXPECT_EQ(count_of(text, "expected:"), 1) << "only what differs";
  EXPECT_EQ(count_of(text, "<li class=\"wrong\""), 1);
  EXPECT_EQ(count_of(text, "<li class=\"right\""), 1);
  EXPECT_EQ(count_of(text, "<li class=\"\""), 1);
  EXPECT_EQ(count_of(text, "<option value=\"what\">"), 1);
}

TEST_F(GalleryPage, HoldsItsPicturesSmallEnoughAndNeedsNoOtherFile) {
  const std::string text = page({{{Image(1000, 10), Image(2, 2)}, "a", "", "", "", {}}});
  EXPECT_EQ(count_of(text, "src=\"data:image/png;base64,iVBORw0KGgo"), 2) << "a PNG's first bytes";
  EXPECT_EQ(text.find("http"), std::string::npos);
  EXPECT_LT(text.size(), 20'000u);
}

}  // namespace
}  // namespace showo
