#include "showo/data/shards.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "showo/core/config.h"
#include "showo/data/clean.h"
#include "showo/data/find.h"
#include "showo/data/tar_members.h"

namespace showo {
namespace {

constexpr int kMostPictures = 1000;  // that turns are about

struct WriteHandle {
  WriteHandle() : out(archive_write_new()) {}
  ~WriteHandle() { archive_write_free(out); }
  archive* out;
};

void write_member(archive* out, const std::string& name, const std::string& content) {
  std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                 archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<int64_t>(content.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(out, entry.get()) != ARCHIVE_OK ||
      archive_write_data(out, content.data(), content.size()) !=
          static_cast<la_ssize_t>(content.size())) {
    fail("{}: {}", name, archive_error_string(out));
  }
}

std::string turns_json(const Sample& sample) {
  Json json = sample.metadata.empty() ? Json::object() : Json::parse(sample.metadata);
  for (size_t i = 0; i < sample.frames.size(); ++i)
    json["frames"][i]["text"] = sample.frames[i].text;
  if (!sample.frames.empty()) return json.dump();
  json["turns"] = Json::array();
  for (const auto& turn : sample.turns) {
    json["turns"].push_back(
        {{"question", turn.question}, {"answer", turn.answer}, {"type", turn.type}});
    if (turn.follows) json["turns"].back()["follows"] = true;
  }
  if (!sample.others.empty()) json["pictures"] = 1 + sample.others.size();
  return json.dump();
}

enum Kind { kPicture, kText, kJson, kOther };

// "a/0.mask.png" is of the sample "a/0".
struct Name {
  explicit Name(const std::string& full) {
    const size_t slash = full.rfind('/');
    const size_t dot =
        std::min(full.find('.', slash == std::string::npos ? 0 : slash + 1), full.size());
    key = full.substr(0, dot);
    std::string endings = full.substr(dot);
    std::ranges::transform(endings, endings.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    dots = static_cast<int>(std::ranges::count(endings, '.'));
    int value = 0;
    const char* const end = endings.data() + endings.size();
    const auto [rest, error] = std::from_chars(endings.data() + (dots > 0), end, value);
    if (dots == 2 && error == std::errc() && *rest == '.') number = value;
    kind = is_picture_name(endings)     ? kPicture
           : endings.ends_with(".txt")  ? kText
           : endings.ends_with(".json") ? kJson
                                        : kOther;
  }
  std::string key;
  Kind kind;
  int dots;
  std::optional<int> number;  // "a/0.3.png" is the sample's picture 3
};

// The members of one key. Of several of a kind the plainest name is meant, 0.jpg and not
// 0.mask.jpg; among equals the first.
struct Gathered {
  bool has(Kind kind) const { return plainest[kind] != kNone; }
  static bool numbers(const Name& name) { return name.kind == kPicture && name.number; }
  bool wants(const Name& name) const {
    return (name.kind != kOther && name.dots < plainest[name.kind]) || numbers(name);
  }
  void add(const Name& name, std::string content) {
    if (numbers(name)) numbered[*name.number] = content;
    if (name.dots >= plainest[name.kind]) return;
    plainest[name.kind] = name.dots;
    contents[name.kind] = std::move(content);
  }
  static constexpr int kNone = std::numeric_limits<int>::max();
  std::array<int, 3> plainest{kNone, kNone, kNone};
  std::array<std::string, 3> contents;
  std::map<int, std::string> numbered;
};

// What a shard holds whose samples' members are not side by side, all pictures before all captions,
// say: the texts of every key, and which keys have a picture.
struct Apart {
  void read(const fs::path& shard) {
    TarMembers members(shard);
    int64_t bytes = 0;
    for (auto next = members.next(); next; next = members.next()) {
      const Name name(*next);
      if (name.kind == kPicture) pictures.insert(name.key);
      if (name.kind == kPicture || name.kind == kOther || !texts[name.key].wants(name)) continue;
      bytes += members.size();
      if (bytes > TarMembers::kMaxBytes) return;  // the rest counts as missing
      texts[name.key].add(name, members.content());
    }
  }
  std::unordered_map<std::string, Gathered> texts;
  std::unordered_set<std::string> pictures;
};

}  // namespace

void write_shard(const fs::path& path, const std::vector<Sample>& samples) {
  write_file_atomically(path, [&](const auto& sink) {
    WriteHandle handle;
    archive_write_set_format_ustar(handle.out);
    auto write = [](archive*, void* client, const void* data, size_t size) -> la_ssize_t {
      (*static_cast<const std::function<void(std::string_view)>*>(client))(
          {static_cast<const char*>(data), size});
      return static_cast<la_ssize_t>(size);
    };
    std::string buffered;  // exceptions must not pass through libarchive, so pieces are kept and
                           // written outside it
    const std::function<void(std::string_view)> keep = [&](std::string_view piece) {
      buffered.append(piece);
    };
    archive_write_open(handle.out, const_cast<void*>(static_cast<const void*>(&keep)), nullptr,
                       write, nullptr);
    for (const auto& sample : samples) {
      const auto write_picture = [&](size_t number, const std::string& bytes) {
        write_member(handle.out, fmt::format("{}.{}.png", sample.key, number), bytes);
      };
      for (size_t i = 0; i < sample.frames.size(); ++i)
        write_picture(i, sample.frames[i].image_bytes);
      if (!sample.others.empty()) write_picture(0, sample.image_bytes);
      for (size_t i = 0; i < sample.others.size(); ++i)
        write_picture(i + 1, sample.others[i].image_bytes);
      if (sample.frames.empty() && sample.others.empty()) {
        write_member(handle.out, sample.key + ".png", sample.image_bytes);
        write_member(handle.out, sample.key + ".txt", sample.caption);
      }
      write_member(handle.out, sample.key + ".json", turns_json(sample));
      sink(buffered);
      buffered.clear();
    }
    archive_write_close(handle.out);
    sink(buffered);
  });
}

struct ShardReader::State {
  explicit State(const fs::path& path) : members(path), name(next()) {}
  std::optional<Name> next() {
    const auto full = members.next();
    return full ? std::optional<Name>(*full) : std::nullopt;
  }
  // The members of `key`, which follow one another, `name` being the first.
  Gathered gather(const std::string& key) {
    Gathered gathered;
    int64_t bytes = 0;
    for (; name && name->key == key; name = next()) {
      if (!gathered.wants(*name)) continue;
      bytes += members.size();
      if (bytes > TarMembers::kMaxBytes)
        fail("{}: {}: more than {} bytes", members.path(), key, TarMembers::kMaxBytes);
      gathered.add(*name, members.content());
    }
    return gathered;
  }
  const Apart& the_rest() {
    if (apart) return *apart;
    apart.emplace();
    try {
      apart->read(members.path());
    } catch (const Error&) {
      // Reading on comes to the same damage and tells of it.
    }
    return *apart;
  }

  TarMembers members;
  std::optional<Name> name;    // of the member that comes next
  std::optional<Apart> apart;  // once a sample was not whole
};

ShardReader::ShardReader(const fs::path& path) : state_(std::make_unique<State>(path)) {}
ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;
ShardReader& ShardReader::operator=(ShardReader&&) noexcept = default;

std::optional<ShardMembers> ShardReader::next_members() {
  while (state_->name) {
    const std::string key = state_->name->key;
    Gathered found = state_->gather(key);
    const bool has_texts = found.has(kText) || found.has(kJson);
    if (!found.has(kPicture) && (!has_texts || state_->the_rest().pictures.contains(key)))
      continue;  // no part of a sample, or told with its picture
    if (!has_texts) {
      const auto& texts = state_->the_rest().texts;
      if (const auto its = texts.find(key); its != texts.end()) {
        for (const Kind kind : {kText, kJson}) {
          found.plainest[kind] = its->second.plainest[kind];
          found.contents[kind] = its->second.contents[kind];
        }
      }
    }
    auto take = [&](Kind kind) {
      return found.has(kind) ? std::optional(std::move(found.contents[kind])) : std::nullopt;
    };
    return ShardMembers{key, take(kPicture), take(kText), take(kJson), std::move(found.numbered)};
  }
  return std::nullopt;
}

std::optional<Sample> ShardReader::next() {
  auto members = next_members();
  if (!members) return std::nullopt;
  Sample sample;
  sample.key = members->key;
  sample.origin = state_->members.path();
  sample.image_bytes = std::move(members->picture).value_or("");
  sample.caption = trimmed(members->text.value_or(""));
  if (members->json) {
    const std::string where = sample.origin + ": " + sample.key + ".json";
    try {
      const Json json = parse_json(*members->json, where);
      sample.turns = turns_in(json, where);
      read_pictures(sample, json, members->numbered, where);
      sample.frames = frames_in(json, std::move(members->numbered), where);
    } catch (const Error& error) {
      throw CorruptSample(error.what());
    }
    sample.metadata = std::move(*members->json);
  }
  return sample;
}

std::vector<Turn> turns_in(const Json& json, const std::string& where) {
  std::vector<Turn> turns;
  if (!json.is_object() || !json.contains("turns")) return turns;
  if (!json["turns"].is_array())
    fail("{}: 'turns': expected a list, found {}", where, json["turns"].type_name());
  for (const auto& turn : json["turns"]) {
    auto text_of = [&](const char* key) {
      if (!turn.is_object() || !turn.contains(key) || !turn[key].is_string())
        fail("{}: a turn's '{}': expected text", where, key);
      return turn[key].get<std::string>();
    };
    turns.push_back(
        {text_of("question"), text_of("answer"), turn.contains("type") ? text_of("type") : ""});
    if (!turn.contains("follows")) continue;
    if (!turn["follows"].is_boolean())
      fail("{}: a turn's 'follows': expected true or false", where);
    turns.back().follows = turn["follows"].get<bool>();
  }
  return turns;
}

std::vector<SampleFrame> frames_in(const Json& json, std::map<int, std::string> pictures,
                                   const std::string& where) {
  std::vector<SampleFrame> frames;
  if (!json.is_object() || !json.contains("frames")) return frames;
  const Json& list = json["frames"];
  if (!list.is_array()) fail("{}: 'frames': expected a list, found {}", where, list.type_name());
  for (const Json& frame : list) {
    const auto number = static_cast<int>(frames.size());
    if (!frame.is_object() || !frame.contains("text") || !frame["text"].is_string() ||
        trimmed(frame["text"].get_ref<const std::string&>()).empty())
      fail("{}: frames[{}]: 'text': expected what it tells", where, number);
    const auto picture = pictures.find(number);
    if (picture == pictures.end())
      fail("{}: frames[{}]: expected a picture, KEY.{}.png", where, number, number);
    frames.push_back({frame["text"], std::move(picture->second)});
  }
  if (pictures.size() > frames.size())
    fail("{}: 'frames': expected {} texts, one a picture, found {}", where, pictures.size(),
         frames.size());
  return frames;
}

void read_pictures(Sample& sample, const Json& json, std::map<int, std::string>& pictures,
                   const std::string& where) {
  if (!json.is_object() || !json.contains("pictures")) return;
  const Json& count = json["pictures"];
  if (!count.is_number_integer() || count < 2 || count > kMostPictures)
    fail("{}: 'pictures': expected a number from 2 to {}, found {}", where, kMostPictures,
         count.dump());
  const int wanted = count;
  for (int number = 0; number < wanted; ++number) {
    const auto picture = pictures.find(number);
    if (picture == pictures.end())
      fail("{}: 'pictures': {}, expected as many, found no KEY.{}.png", where, wanted, number);
    if (number == 0) {
      sample.image_bytes = std::move(picture->second);
    } else {
      sample.others.push_back({"", std::move(picture->second)});
    }
  }
}

std::vector<fs::path> find_shards(const std::string& pattern) {
  auto shards = find_files(pattern, {".tar", ".tar.gz", ".tgz"});
  std::sort(shards.begin(), shards.end());
  return shards;
}

}  // namespace showo
