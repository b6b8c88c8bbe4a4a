#include "showo/image/grid.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "showo/core/error.h"

namespace showo {
namespace {

constexpr int kGlyphWidth = 3, kGlyphHeight = 5, kMargin = 4;

// Five rows of three dots, each an octal digit.
const char* glyph(char c) {
  static const std::map<char, const char*> glyphs = {
      {'0', "75557"}, {'1', "26227"}, {'2', "71747"}, {'3', "71717"}, {'4', "55711"},
      {'5', "74717"}, {'6', "74757"}, {'7', "71122"}, {'8', "75757"}, {'9', "75717"},
      {'A', "25755"}, {'B', "65656"}, {'C', "34443"}, {'D', "65556"}, {'E', "74647"},
      {'F', "74644"}, {'G', "34553"}, {'H', "55755"}, {'I', "72227"}, {'J', "11152"},
      {'K', "55655"}, {'L', "44447"}, {'M', "57755"}, {'N', "65555"}, {'O', "25552"},
      {'P', "65644"}, {'Q', "25563"}, {'R', "65655"}, {'S', "34216"}, {'T', "72222"},
      {'U', "55557"}, {'V', "55552"}, {'W', "55775"}, {'X', "55255"}, {'Y', "55222"},
      {'Z', "71247"}, {'-', "00700"}, {'.', "00002"}, {',', "00024"}, {':', "02020"}};
  const auto found = glyphs.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return found == glyphs.end() ? "00000" : found->second;
}

void draw_label(Image& sheet, int left, int top, int width, int dot, const std::string& label) {
  const int advance = (kGlyphWidth + 1) * dot;
  const auto fits = static_cast<size_t>((width + dot) / advance);
  for (size_t i = 0; i < std::min(label.size(), fits); ++i) {
    const char* rows = glyph(label[i]);
    for (int y = 0; y < kGlyphHeight * dot; ++y) {
      for (int x = 0; x < kGlyphWidth * dot; ++x) {
        const bool set = (rows[y / dot] - '0') >> (kGlyphWidth - 1 - x / dot) & 1;
        if (set) std::fill_n(sheet.pixel(left + static_cast<int>(i) * advance + x, top + y), 3, 40);
      }
    }
  }
}

// Words in at most `lines` lines of `width` characters; what is left goes to the last.
std::vector<std::string> wrapped(const std::string& label, size_t width, int lines) {
  std::vector<std::string> result = {""};
  std::istringstream words(label);
  for (std::string word; words >> word;) {
    std::string& line = result.back();
    const bool fits = line.empty() || line.size() + 1 + word.size() <= width;
    if (fits || std::ssize(result) == lines) {
      line += (line.empty() ? "" : " ") + word;
    } else {
      result.push_back(word);
    }
  }
  return result;
}

}  // namespace

Image labelled_grid(const std::vector<Image>& pictures, const std::vector<std::string>& labels,
                    int lines) {
  if (pictures.empty() || pictures.size() != labels.size()) {
    fail("grid: {} pictures and {} labels", pictures.size(), labels.size());
  }
  const int width = pictures[0].width, height = pictures[0].height, dot = std::max(1, width / 64);
  const int columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(pictures.size()))));
  const int rows = (static_cast<int>(pictures.size()) + columns - 1) / columns;
  const auto characters = static_cast<size_t>((width + dot) / ((kGlyphWidth + 1) * dot));
  std::vector<std::vector<std::string>> texts;
  size_t most = 1;
  for (const auto& label : labels) {
    texts.push_back(wrapped(label, characters, lines));
    most = std::max(most, texts.back().size());
  }
  const int line_height = kGlyphHeight * dot + kMargin;
  const int cell_width = width + kMargin,
            cell_height = height + kMargin + static_cast<int>(most) * line_height;
  Image sheet(columns * cell_width + kMargin, rows * cell_height + kMargin, 255);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Image& picture = pictures[i];
    if (picture.width != width || picture.height != height) {
      fail("grid: a picture of {}×{} among others of {}×{}", picture.width, picture.height, width,
           height);
    }
    const int left = kMargin + static_cast<int>(i) % columns * cell_width;
    const int top = kMargin + static_cast<int>(i) / columns * cell_height;
    for (int y = 0; y < height; ++y) {
      std::copy_n(picture.pixel(0, y), width * 3, sheet.pixel(left, top + y));
    }
    for (size_t line = 0; line < texts[i].size(); ++line) {
      draw_label(sheet, left, top + height + kMargin + static_cast<int>(line) * line_height, width,
                 dot, texts[i][line]);
    }
  }
  return sheet;
}

Image enlarged(const Image& picture, int times) {
  Image result(picture.width * times, picture.height * times);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x)
      std::copy_n(picture.pixel(x / times, y / times), 3, result.pixel(x, y));
  }
  return result;
}

}  // namespace showo
