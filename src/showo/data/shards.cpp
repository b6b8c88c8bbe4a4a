#include "showo/data/shards.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "showo/core/config.h"
#include "showo/data/formats.h"

namespace showo {
namespace {

constexpr int64_t kMaxSample = int64_t{256} << 20;  // all its members together
// What a shard's members may have in all: compressed and sparse ones can stand for any number of
// bytes, and many samples wait in the shuffling buffer.
constexpr int64_t kMaxExpansion = 100, kSpare = int64_t{64} << 20;

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
  json["turns"] = Json::array();
  for (const auto& turn : sample.turns) {
    json["turns"].push_back(
        {{"question", turn.question}, {"answer", turn.answer}, {"type", turn.type}});
  }
  return json.dump();
}

void read_turns(Sample& sample, const std::string& text, const std::string& where) try {
  const Json json = parse_json(text, where);
  sample.metadata = text;
  if (!json.is_object() || !json.contains("turns")) return;
  if (!json["turns"].is_array())
    fail("{}: 'turns': expected a list, found {}", where, json["turns"].type_name());
  for (const auto& turn : json["turns"]) {
    auto text_of = [&](const char* key) {
      if (!turn.is_object() || !turn.contains(key) || !turn[key].is_string())
        fail("{}: a turn's '{}': expected text", where, key);
      return turn[key].get<std::string>();
    };
    sample.turns.push_back(
        {text_of("question"), text_of("answer"), turn.contains("type") ? text_of("type") : ""});
  }
} catch (const Error& error) {
  throw CorruptSample(error.what());
}

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
      write_member(handle.out, sample.key + ".png", sample.image_bytes);
      write_member(handle.out, sample.key + ".txt", sample.caption);
      write_member(handle.out, sample.key + ".json", turns_json(sample));
      sink(buffered);
      buffered.clear();
    }
    archive_write_close(handle.out);
    sink(buffered);
  });
}

struct ShardReader::State {
  explicit State(const fs::path& path) : path(path.string()), in(archive_read_new()) {
    std::error_code ignored;  // the archive will not open
    const auto bytes = static_cast<int64_t>(fs::file_size(path, ignored));
    if (!ignored) left = kSpare + std::min(bytes, kSpare << 20) * kMaxExpansion;
    archive_read_support_format_tar(in);
    archive_read_support_filter_gzip(in);
    if (archive_read_open_filename(in, path.c_str(), 1 << 16) != ARCHIVE_OK) {
      const std::string reason =
          archive_error_string(in) ? archive_error_string(in) : "not a tar archive";
      archive_read_free(in);
      fail("{}: {}", this->path, reason);
    }
  }
  ~State() { archive_read_free(in); }

  struct Member {
    std::string key, extension, content;
  };

  std::optional<Member> next_member() {
    if (ended) return std::nullopt;
    archive_entry* entry = nullptr;
    for (;;) {
      const int status = archive_read_next_header(in, &entry);
      if (status == ARCHIVE_EOF) {
        // A tar ends with blocks of zeros, which libarchive does not insist on.
        if (archive_filter_bytes(in, 0) == archive_read_header_position(in))
          fail("{}: truncated: the end of the archive is missing", path);
        ended = true;
        return std::nullopt;
      }
      if (status != ARCHIVE_OK) fail("{}: damaged: {}", path, archive_error_string(in));
      if (archive_entry_filetype(entry) == AE_IFREG) break;
    }
    const char* name = archive_entry_pathname(entry);
    const std::string full = name ? name : "";
    const int64_t size = archive_entry_size(entry);
    if (size < 0 || size > kMaxSample)
      fail("{}: member '{}' has {} bytes, more than the limit of {}", path, full, size, kMaxSample);
    if (left < size) {
      fail("{}: member '{}' has {} bytes: the archive expands to more than {} times its size", path,
           full, size, kMaxExpansion);
    }
    left -= size;
    Member member;
    const size_t dot = full.find('.', full.rfind('/') == std::string::npos ? 0 : full.rfind('/'));
    member.key = full.substr(0, dot);
    member.extension = dot == std::string::npos ? "" : full.substr(dot + 1);
    if (!is_read(member.extension)) return member;
    member.content.resize(static_cast<size_t>(size));
    if (archive_read_data(in, member.content.data(), member.content.size()) !=
        static_cast<la_ssize_t>(size)) {
      fail("{}: member '{}' is truncated", path, full);
    }
    return member;
  }

  static bool is_read(const std::string& extension) {
    return extension == "txt" || extension == "json" || is_picture_name("." + extension);
  }

  std::string path;
  archive* in;
  int64_t left = 0;  // bytes that the members to come may have
  std::optional<Member> waiting;
  bool ended = false;
};

ShardReader::ShardReader(const fs::path& path) : state_(std::make_unique<State>(path)) {}
ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;
ShardReader& ShardReader::operator=(ShardReader&&) noexcept = default;

std::optional<Sample> ShardReader::next() {
  // The members first, whatever they hold: after a bad one the next call goes on with the next key.
  auto member = state_->waiting ? std::move(state_->waiting) : state_->next_member();
  state_->waiting.reset();
  if (!member) return std::nullopt;
  std::vector<State::Member> members;
  const std::string key = member->key;
  int64_t bytes = 0;
  for (; member && member->key == key; member = state_->next_member()) {
    bytes += std::ssize(member->content);
    if (bytes > kMaxSample) fail("{}: {}: more than {} bytes", state_->path, key, kMaxSample);
    members.push_back(std::move(*member));
  }
  state_->waiting = std::move(member);
  Sample sample;
  sample.key = key;
  sample.origin = state_->path;
  for (auto& [_, extension, content] : members) {
    if (extension == "txt") {
      sample.caption = std::move(content);
    } else if (extension == "json") {
      read_turns(sample, content, state_->path + ": " + key + ".json");
    } else if (is_picture_name("." + extension)) {
      sample.image_bytes = std::move(content);
    }
  }
  return sample;
}

std::vector<fs::path> find_shards(const std::string& pattern) {
  auto shards = find_files(pattern, {".tar", ".tar.gz", ".tgz"});
  std::sort(shards.begin(), shards.end());
  return shards;
}

}  // namespace showo
