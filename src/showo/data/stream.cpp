#include "showo/data/stream.h"

#include "showo/core/log.h"
#include "showo/data/clean.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

constexpr uint64_t kMaxPictureBytes = uint64_t{256} << 20;

// White space around a text says nothing, and would be learned.
void trim(std::string& text) {
  if (const auto kept = trimmed(text); kept.size() != text.size()) text = std::string(kept);
}

// Of a picture, its file's bytes and what is made of them.
template <class Holder>
void fetch(Holder& holder) {
  if (holder.image_bytes.empty() && !holder.image_file.empty())
    holder.image_bytes = read_file(holder.image_file, kMaxPictureBytes);
}

Image decoded(Image picture, const StreamOptions& options) {
  return options.side > 0 ? resize_and_crop(picture, options.side) : picture;
}

void prepare(std::vector<SampleFrame>& frames, const std::string& title,
             const StreamOptions& options) {
  for (SampleFrame& frame : frames) {
    trim(frame.text);
    fetch(frame);
    if (options.decode) frame.picture = decoded(picture_of(frame, title), options);
  }
}

void prepare_story(Sample& sample, const StreamOptions& options) {
  if (sample.frames.empty()) fail("{}: expected a story, found no frames", sample.title());
  sample.image_bytes.clear();
  prepare(sample.frames, sample.title(), options);
}

// What a sample needs before it is delivered: its file's bytes, its picture.
void prepare(Drawn& drawn, const StreamOptions& options) {
  Sample& sample = drawn.sample;
  if (!drawn.error.empty()) return;
  try {
    if (options.texts != Texts::kNone && !sample.text_error.empty()) throw Error(sample.text_error);
    trim(sample.caption);
    for (Turn& turn : sample.turns) {
      trim(turn.question);
      trim(turn.answer);
    }
    if (options.texts == Texts::kStory) return prepare_story(sample, options);
    sample.frames.clear();
    fetch(sample);
    if (options.decode) sample.picture = decoded(picture_of(sample), options);
    if (options.texts != Texts::kCaptionOrTurns) sample.others.clear();
    prepare(sample.others, sample.title(), options);
  } catch (const Error& error) {
    drawn.error = error.what();
    sample = {};
  }
}

}  // namespace

SampleStream::SampleStream(const SourceConfig& config, uint64_t seed, StreamPosition start,
                           const StreamOptions& options)
    : config_(config), source_(open_source(config)), seed_(seed), options_(options) {
  go_to(start);
}

void SampleStream::go_to(StreamPosition position) {
  position_ = position;
  samples_.reset();  // the walk before lets go of the source
  samples_ = std::make_unique<Prefetcher>(
      Walk(source_, config_.title(), seed_, options_.slice, config_.shuffle, position),
      [options = options_](Drawn& drawn) { prepare(drawn, options); }, config_.threads,
      config_.ahead);
}

Sample SampleStream::next() {
  for (;;) {
    Drawn drawn = samples_->next();
    ++drawn_;
    if (drawn.error.empty()) {
      position_ = drawn.after;
      tell_if_textless(drawn.sample);
      return std::move(drawn.sample);
    }
    skip(drawn);
  }
}

void SampleStream::skip(const Drawn& drawn) {
  if (corrupt_.insert(drawn.error).second)
    spdlog::warn("{}: skipped ({} so far)", drawn.error, corrupt_.size());
  config_.check_corrupt(corrupt(), drawn_, drawn.error);
  if (drawn.after.epoch > position_.epoch + 1)
    fail("{}: a whole epoch held corrupt samples only, the last: {}", config_.title(), drawn.error);
}

void SampleStream::tell_if_textless(const Sample& sample) {
  const bool is_picture = !sample.image_bytes.empty(),
             has_turns = options_.texts == Texts::kCaptionOrTurns && !sample.turns.empty();
  if (options_.texts == Texts::kNone || !is_picture || has_turns || !sample.caption.empty()) return;
  if (textless_.insert(sample.origin).second)
    spdlog::warn("{}: a picture without a caption (this file's others are not told)",
                 one_line(sample.title()));
}

}  // namespace showo
