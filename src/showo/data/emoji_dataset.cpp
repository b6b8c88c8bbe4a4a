#include "showo/data/emoji_dataset.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "showo/core/log.h"
#include "showo/data/shards.h"

namespace showo::emoji {
namespace {

struct ShardFile {
  std::string name;
  Split split;
  int64_t begin, end;
  Sample (EmojiWorld::*make)(Split, int64_t);
};

// NAME-0000.tar, NAME-0001.tar and so on.
void add_training(std::vector<ShardFile>& shards, const EmojiOptions& options, const char* name,
                  int64_t count, decltype(ShardFile::make) make) {
  for (int64_t begin = 0; begin < count; begin += options.scenes_per_shard)
    shards.push_back({fmt::format("{}-{:04}.tar", name, begin / options.scenes_per_shard),
                      Split::kTrain, begin, std::min(begin + options.scenes_per_shard, count),
                      make});
}

std::vector<ShardFile> shards_of(const EmojiOptions& options) {
  std::vector<ShardFile> shards;
  const auto apart = [&](Split split, decltype(ShardFile::make) make, const std::string& name) {
    shards.push_back({name + ".tar", split, 0, options.held_apart, make});
  };
  const auto make = options.comparisons ? &EmojiWorld::comparison : &EmojiWorld::sample;
  add_training(shards, options, "train", options.scenes, make);
  apart(Split::kCompositions, make, "compositions");
  // Stories, and so the scenes that are compared, are held apart by compositions alone.
  if (!options.comparisons) {
    apart(Split::kPairs, make, "pairs");
    apart(Split::kStyles, make, "styles");
  }
  if (options.stories > 0) {
    add_training(shards, options, "stories", options.stories, &EmojiWorld::story);
    apart(Split::kCompositions, &EmojiWorld::story, "stories-test");
  }
  return shards;
}

std::string said_in(const Sample& sample) {
  std::string text;
  if (!sample.caption.empty()) text += sample.caption + "\n";
  for (const auto& turn : sample.turns) text += turn.question + " " + turn.answer + "\n";
  for (const auto& frame : sample.frames) text += frame.text + "\n";
  return text;
}

// Writes shards, each thread one after another, with a progress line.
class Writer {
 public:
  Writer(const EmojiOptions& options, const fs::path& out)
      : options_(options),
        out_(out),
        shards_(shards_of(options)),
        said_(shards_.size()),
        progress_("scenes and stories", samples()) {}

  /// What is said in every fourth training sample.
  std::string write() {
    std::vector<std::thread> threads;
    const auto count = std::min<size_t>(at::get_num_threads(), shards_.size());
    for (size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    if (error_) std::rethrow_exception(error_);
    std::string text;
    for (const auto& said : said_) text += said;
    return text;
  }

 private:
  int64_t samples() const {
    int64_t samples = 0;
    for (const ShardFile& shard : shards_) samples += shard.end - shard.begin;
    return samples;
  }
  void work() {
    try {
      EmojiWorld world(options_);  // whose icons are one thread's
      while (const auto i = next()) write(world, shards_[*i], said_[*i]);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
  std::optional<size_t> next() {
    const std::lock_guard lock(mutex_);
    if (error_ || begun_ == shards_.size()) return std::nullopt;
    return begun_++;
  }
  void write(EmojiWorld& world, const ShardFile& shard, std::string& said) {
    std::vector<Sample> samples;
    for (int64_t i = shard.begin; i < shard.end; ++i) {
      samples.push_back((world.*shard.make)(shard.split, i));
      if (shard.split == Split::kTrain && i % 4 == 0) said += said_in(samples.back());
      const std::lock_guard lock(mutex_);
      if (error_) return;
      progress_.update(++done_);
    }
    write_shard(out_ / shard.name, samples);
  }

  const EmojiOptions& options_;
  const fs::path& out_;
  const std::vector<ShardFile> shards_;
  std::vector<std::string> said_;  // shard by shard
  std::mutex mutex_;               // guards what follows
  size_t begun_ = 0;
  int64_t done_ = 0;
  Progress progress_;
  std::exception_ptr error_;
};

}  // namespace

void write_emoji_dataset(const EmojiOptions& options, const fs::path& out) {
  make_folder(out);
  write_file_atomically(out / "text.txt", Writer(options, out).write());
  write_file_atomically(out / "options.json", config_to_json(options).dump(2) + "\n");
}

}  // namespace showo::emoji
