// showo info of pictures and of what is trained on: shards, lists of samples, texts.
#include <algorithm>
#include <fstream>

#include "apps/cli/info.h"
#include "showo/data/find.h"
#include "showo/data/json_objects.h"
#include "showo/data/parquet.h"
#include "showo/data/shards.h"
#include "showo/image/decode.h"
#include "showo/image/image.h"
#include "showo/image/png.h"

namespace showo::cli {
namespace {

constexpr size_t kFew = 3;  // of what is listed as an example

std::string beginning(const fs::path& path, size_t size) {
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

const char* picture_format(const std::string& begin) {
  if (begin.starts_with("\x89PNG")) return "PNG";
  if (begin.starts_with("\xff\xd8")) return "JPEG";
  return begin.starts_with("RIFF") && begin.substr(8) == "WEBP" ? "WebP" : nullptr;
}

bool has_ending(const fs::path& path, std::initializer_list<const char*> endings) {
  return std::ranges::any_of(endings,
                             [&](const char* end) { return path.string().ends_with(end); });
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items())
    if (keys.size() < 20) keys.push_back(item.key());
  return keys;
}

Info shard_info(const fs::path& path) {
  ShardReader reader(path);
  int64_t samples = 0, pictures = 0, captions = 0, turns = 0, stories = 0, damaged = 0;
  std::vector<std::string> keys;
  for (bool more = true; more;) {
    try {
      const auto sample = reader.next();
      more = sample.has_value();
      if (!more) break;
      ++samples;
      stories += !sample->frames.empty();
      pictures +=
          sample->frames.empty() ? std::ssize(sample->image_bytes) > 0 : std::ssize(sample->frames);
      captions += !sample->caption.empty();
      turns += std::ssize(sample->turns);
      if (keys.size() < kFew) keys.push_back(sample->key);
    } catch (const CorruptSample&) {
      ++samples;
      ++damaged;
    }
  }
  return {fmt::format("webdataset shard, {} samples", samples),
          {{"kind", "webdataset shard"},
           {"samples", samples},
           {"pictures", pictures},
           {"captions", captions},
           {"questions", turns},
           {"stories", stories},
           {"damaged", damaged},
           {"bytes", fs::file_size(path)},
           {"first_keys", keys}}};
}

int64_t pictures_in_stories(const JsonObjects& objects) {
  int64_t pictures = 0;
  for (size_t i = 0; i < objects.size(); ++i) pictures += std::ssize(objects.value_at(i, "images"));
  return pictures;
}

Info object_info(const fs::path& path) {
  const Json json = read_json(path);
  const bool captions =
      json.is_object() && !json.empty() &&
      std::all_of(json.begin(), json.end(), [](const Json& v) { return v.is_string(); });
  const char* kind = captions ? "captions by key" : "JSON object";
  return {fmt::format("{}, {} keys", kind, json.size()),
          {{"kind", kind}, {"entries", json.size()}, {"first_keys", keys_of(json)}}};
}

}  // namespace

std::optional<Info> picture_info(const fs::path& path) {
  if (fs::is_directory(path)) return {};
  const char* format = picture_format(beginning(path, 12));
  if (!format && !is_picture_name(path.string())) return {};
  const Image image = read_image(path);
  Facts facts = {{"kind", "picture"},
                 {"format", format},
                 {"width", image.width},
                 {"height", image.height},
                 {"bytes", fs::file_size(path)}};
  if (image.turned) facts["turned"] = true;
  Facts texts = Facts::object();
  if (facts["format"] == "PNG")
    for (const auto& [key, value] : read_png_text(path)) texts[key] = value;
  facts["metadata"] = texts;
  return Info{
      fmt::format("{} picture, {}×{} pixels{}, {} bytes", format, image.width, image.height,
                  image.turned ? " (turned by its EXIF orientation)" : "", facts["bytes"].dump()),
      facts, texts};
}

std::optional<Info> shards_info(const fs::path& path) {
  const std::initializer_list<const char*> endings = {".tar", ".tar.gz", ".tgz"};
  if (!fs::is_directory(path))
    return has_ending(path, endings) ? std::optional(shard_info(path)) : std::nullopt;
  std::vector<std::string> names;
  uintmax_t bytes = 0;
  for (const auto& item : items_of(path)) {
    if (!has_ending(item, endings)) continue;
    names.push_back(item.filename().string());
    bytes += fs::file_size(item);
  }
  if (names.empty()) return {};
  const size_t shards = names.size();
  Facts facts = {{"kind", "webdataset shards"}, {"shards", shards}, {"bytes", bytes}};
  facts["first"] = shard_info(path / names[0]).facts;
  names.resize(std::min(shards, kFew));
  facts["first_names"] = names;
  if (fs::exists(path / "options.json"))
    facts["made_with"] = Facts::parse(read_json(path / "options.json").dump());
  return Info{fmt::format("folder of {} webdataset shards, {} bytes", shards, bytes), facts};
}

std::optional<Info> json_info(const fs::path& path) {
  if (fs::is_directory(path) || !has_ending(path, {".json", ".jsonl"})) return {};
  const JsonObjects objects(path);
  const bool is_list = beginning(path, 1) == "[";
  Json first = Json::object();
  try {
    if (objects.size() > 0) first = objects.at(0);
  } catch (const Error&) {
    if (is_list || has_ending(path, {".jsonl"})) throw;
    return object_info(path);  // one object over many lines
  }
  if (objects.size() == 1 && !is_list && has_ending(path, {".json"})) return object_info(path);
  int64_t pictures = 0;
  for (size_t i = 0; i < objects.size(); ++i) pictures += !objects.value_at(i, "image").is_null();
  const bool stories = first.contains("images") && first.contains("captions");
  if (stories) pictures = pictures_in_stories(objects);
  const std::string kind = first.contains("conversations") ? "LLaVA conversations"
                           : stories                       ? "stories"
                           : is_list                       ? "JSON list of samples"
                                                           : "JSON Lines";
  return Info{fmt::format("{}, {} entries, {}", kind, objects.size(),
                          stories ? fmt::format("{} pictures in all", pictures)
                                  : fmt::format("{} with a picture", pictures)),
              {{"kind", kind},
               {"entries", objects.size()},
               {"pictures", pictures},
               {"bytes", fs::file_size(path)},
               {"keys_of_the_first", keys_of(first)}}};
}

std::optional<Info> text_info(const fs::path& path) {
  if (fs::is_directory(path) || path.extension() != ".txt") return {};
  const auto lines = read_lines(path);
  return Info{fmt::format("text, {} lines", lines.size()),
              {{"kind", "text"},
               {"lines", lines.size()},
               {"bytes", fs::file_size(path)},
               {"first", lines[0]}}};
}

std::optional<Info> parquet_info(const fs::path& path) {
  if (fs::is_directory(path) || path.extension() != ".parquet") return {};
  const ParquetSummary summary = summary_of_parquet(path);
  return Info{fmt::format("Parquet, {} rows", summary.rows),
              {{"kind", "Parquet"},
               {"rows", summary.rows},
               {"row_groups", summary.row_groups},
               {"columns", summary.columns},
               {"bytes", fs::file_size(path)}}};
}

std::optional<Info> pictures_info(const fs::path& path) {
  if (!fs::is_directory(path)) return {};
  int64_t pictures = 0, classes = 0;
  std::vector<std::string> first;
  for (const auto& item : items_of(path)) {
    int64_t inside = 0;
    if (fs::is_directory(item)) {
      for (const auto& file : items_of(item)) inside += is_picture_name(file.string());
      classes += inside > 0;
    }
    pictures += inside + is_picture_name(item.string());
    if ((inside > 0 || is_picture_name(item.string())) && first.size() < kFew)
      first.push_back(item.filename().string());
  }
  if (pictures == 0) return {};
  const std::string title = classes ? fmt::format("pictures, {} in {} folders", pictures, classes)
                                    : fmt::format("folder of {} pictures", pictures);
  return Info{
      title,
      {{"kind", "pictures"}, {"pictures", pictures}, {"folders", classes}, {"first_names", first}}};
}

}  // namespace showo::cli
