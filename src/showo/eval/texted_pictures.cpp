#include "showo/eval/texted_pictures.h"

#include <algorithm>
#include <set>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/data/find.h"
#include "showo/image/decode.h"
#include "showo/image/part.h"

namespace showo {
namespace {

constexpr int64_t kQuarters = 4;
constexpr const char* kMetadata = "metadata.jsonl";

std::vector<fs::path> picture_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::path& item : items_of(folder))
    if (is_picture_name(item.filename().string())) files.push_back(item);
  return files;
}

void add_listed(const fs::path& folder, const Entry& line, std::set<std::string>& seen,
                std::vector<TextedPicture>& pictures, Problems& problems) {
  const fs::path file = folder / line["file"].text();
  const int64_t count = line.has("pictures") ? line["pictures"].whole() : 1;
  if (count < 1 || count > kQuarters)
    fail("{}: 'pictures': expected 1 to {}, found {}", line.where(), kQuarters, count);
  if (!seen.insert(file.string()).second)
    problems.add("doubled", fmt::format("{}: {}: both count", line.where(), file.string()));
  if (!is_file(file))
    return problems.add("missing", fmt::format("{}: {}: left out", line.where(), file.string()));
  for (int quarter = 0; quarter < count; ++quarter)
    pictures.push_back(
        {{file, count > 1 ? std::optional(quarter) : std::nullopt}, line["prompt"].text()});
}

std::vector<TextedPicture> listed(const fs::path& folder, Problems& problems) {
  const Entries lines(folder / kPromptsFile);
  std::set<std::string> seen;
  std::vector<TextedPicture> pictures;
  for (size_t i = 0; i < lines.size(); ++i) add_listed(folder, lines[i], seen, pictures, problems);
  return pictures;
}

std::vector<fs::path> geneval_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::path& item : items_of(folder))
    if (is_file(item / kMetadata)) found.push_back(item);
  return found;
}

std::vector<TextedPicture> of_geneval(const std::vector<fs::path>& folders, Problems& problems) {
  std::vector<TextedPicture> pictures;
  for (const fs::path& folder : folders) {
    const fs::path file = folder / kMetadata;
    const Json json = parse_json(read_file(file), file.string());
    const std::string text = Entry(json, file.string())["prompt"].text();
    const fs::path samples = folder / "samples";
    const auto files = fs::is_directory(samples) ? picture_files(samples) : std::vector<fs::path>();
    if (files.empty()) problems.add("missing", samples.string() + ": no pictures: left out");
    for (const fs::path& picture : files) pictures.push_back({{picture, {}}, text});
  }
  return pictures;
}

std::vector<TextedPicture> beside_texts(const fs::path& folder, Problems& problems) {
  std::vector<TextedPicture> pictures;
  for (const fs::path& file : picture_files(folder)) {
    fs::path text = file;
    text.replace_extension(".txt");
    if (is_file(text))
      pictures.push_back({{file, {}}, python::strip(read_file(text))});
    else
      problems.add("no text", file.string() + ": left out");
  }
  return pictures;
}

bool has_list(const fs::path& folder) {
  if (!fs::is_directory(folder)) fail("{}: expected a folder of pictures", folder.string());
  return is_file(folder / kPromptsFile) || !geneval_folders(folder).empty();
}

}  // namespace

std::string PicturePlace::name(const fs::path& folder) const {
  const std::string path = file.lexically_relative(folder).string();
  return quarter ? fmt::format("{}#{}", path, *quarter) : path;
}

Image PicturePlace::read() const {
  Image whole = read_image(file);
  if (!quarter) return whole;
  if (whole.width % 2 || whole.height % 2)
    fail("{}: expected a square of 2×2 pictures", describe(whole));
  const int width = whole.width / 2, height = whole.height / 2;
  return crop(whole, {*quarter % 2 * width, *quarter / 2 * height, width, height});
}

Image square_of(const std::vector<Image>& pictures) {
  if (pictures.size() == 1) return pictures[0];
  const int width = pictures[0].width, height = pictures[0].height;
  Image square(2 * width, 2 * height);
  for (int i = 0; i < static_cast<int>(pictures.size()); ++i)
    for (int y = 0; y < height; ++y)
      std::copy_n(pictures[i].pixel(0, y), static_cast<size_t>(width) * 3,
                  square.pixel(i % 2 * width, i / 2 * height + y));
  return square;
}

std::vector<TextedPicture> pictures_with_texts(const fs::path& folder, Problems& problems) {
  const auto pictures = !has_list(folder) ? beside_texts(folder, problems)
                        : is_file(folder / kPromptsFile)
                            ? listed(folder, problems)
                            : of_geneval(geneval_folders(folder), problems);
  if (pictures.empty())
    fail(
        "{}: no pictures with texts; looked for {}, GenEval's NNNNN/{} and NAME.txt beside "
        "pictures",
        folder.string(), kPromptsFile, kMetadata);
  return pictures;
}

std::vector<PicturePlace> pictures_in(const fs::path& folder, Problems& problems) {
  std::vector<PicturePlace> places;
  if (has_list(folder)) {
    for (auto& picture : pictures_with_texts(folder, problems))
      places.push_back(std::move(picture.place));
  } else {
    for (fs::path& file : picture_files(folder)) places.push_back({std::move(file), {}});
  }
  if (places.empty()) fail("{}: no pictures (.png, .jpg, .jpeg, .webp)", folder.string());
  return places;
}

}  // namespace showo
