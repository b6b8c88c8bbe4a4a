#include "showo/data/icons.h"

#include <algorithm>
#include <sstream>

#include "showo/core/error.h"
#include "showo/image/alpha.h"
#include "showo/image/png.h"
#include "showo/image/webp.h"

namespace showo::emoji {
namespace {

// Each target pixel is the mean of the area it covers in the source.
Icon scale(const Icon& from, int size) {
  Icon to{size, std::vector<float>(static_cast<size_t>(size) * size * 4)};
  const double step = static_cast<double>(from.size) / size;
  auto overlap = [](double a0, double a1, int pixel) {
    return std::max(0.0, std::min(a1, pixel + 1.0) - std::max(a0, static_cast<double>(pixel)));
  };
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double x0 = x * step, x1 = x0 + step, y0 = y * step, y1 = y0 + step;
      double sum[4] = {}, area = 0;
      for (int sy = static_cast<int>(y0); sy < std::min<double>(y1, from.size); ++sy) {
        for (int sx = static_cast<int>(x0); sx < std::min<double>(x1, from.size); ++sx) {
          const double weight = overlap(x0, x1, sx) * overlap(y0, y1, sy);
          area += weight;
          for (int c = 0; c < 4; ++c)
            sum[c] += weight * from.rgba[(static_cast<size_t>(sy) * from.size + sx) * 4 + c];
        }
      }
      for (int c = 0; c < 4; ++c)
        to.rgba[(static_cast<size_t>(y) * size + x) * 4 + c] = static_cast<float>(sum[c] / area);
    }
  }
  return to;
}

}  // namespace

namespace {

std::string regular_plural(const std::string& name) {
  const bool hissing =
      name.ends_with("s") || name.ends_with("sh") || name.ends_with("ch") || name.ends_with("x");
  if (hissing) return name + "es";
  const bool consonant_y = name.size() > 1 && name.ends_with("y") &&
                           std::string("aeiou").find(name[name.size() - 2]) == std::string::npos;
  return consonant_y ? name.substr(0, name.size() - 1) + "ies" : name + "s";
}

}  // namespace

std::vector<Kind> read_kinds(const fs::path& path) {
  std::istringstream lines(read_file(path, 1 << 20));
  std::vector<Kind> kinds;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) fields.push_back(cell);
    const bool whole =
        std::none_of(fields.begin(), fields.end(), [](const auto& field) { return field.empty(); });
    if (fields.size() < 2 || fields.size() > 3 || !whole) {
      fail("{}: line {}: expected a code, a tab and a name, and perhaps a tab and its plural",
           path.string(), number);
    }
    kinds.push_back(
        {fields[0], fields[1], fields.size() == 3 ? fields[2] : regular_plural(fields[1])});
  }
  return kinds;
}

Icons::Icons(fs::path packages, std::vector<Kind> kinds, bool fine)
    : packages_(std::move(packages)), kinds_(std::move(kinds)), fine_(fine) {}

fs::path Icons::file_of(size_t kind, Style style) const {
  const std::string& code = kinds_.at(kind).code;
  switch (style) {
    case Style::kGlossy:
      return packages_ / "fluent-emoji-3d/assets" / (code + ".webp");
    case Style::kPlain:
      return packages_ / "drawn/plain" / (code + ".png");
    default:
      return packages_ / (fine_ ? "drawn/flat" : "emoji-datasource-google/img/google/64") /
             (code + ".png");
  }
}

const Icon& Icons::original(size_t kind, Style style) {
  if (auto it = cache_.find({kind, style, 0}); it != cache_.end()) return it->second;
  const fs::path path = file_of(kind, style);
  const auto file = MappedFile::open(path);
  const Rgba picture = path.extension() == ".png" ? decode_png(file->bytes(), path.string())
                                                  : decode_webp(file->bytes(), path.string());
  if (picture.width != picture.height)
    fail("{}: {}×{} pixels, expected a square", path.string(), picture.width, picture.height);
  Icon icon{picture.width, std::vector<float>(picture.rgba.size())};
  for (size_t i = 0; i < picture.rgba.size(); i += 4) {
    const float alpha = picture.rgba[i + 3] / 255.0f;
    for (int c = 0; c < 3; ++c) icon.rgba[i + c] = picture.rgba[i + c] / 255.0f * alpha;
    icon.rgba[i + 3] = alpha;
  }
  // Kept only once it is whole: a picture that failed fails again.
  return cache_[{kind, style, 0}] = std::move(icon);
}

const Icon& Icons::get(size_t kind, Style style, int size) {
  if (auto it = cache_.find({kind, style, size}); it != cache_.end()) return it->second;
  return cache_[{kind, style, size}] = scale(original(kind, style), size);
}

}  // namespace showo::emoji
