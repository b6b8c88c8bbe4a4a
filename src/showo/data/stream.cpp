#include "showo/data/stream.h"

#include "showo/core/log.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

constexpr uint64_t kMaxPictureBytes = uint64_t{256} << 20;

std::string name_of(const Sample& sample) {
  return sample.origin.empty() ? sample.key : sample.origin + ": " + sample.key;
}

// What a sample needs before it is delivered: its file's bytes, its picture.
void prepare(Drawn& drawn, const StreamOptions& options) {
  Sample& sample = drawn.sample;
  if (!drawn.error.empty()) return;
  try {
    if (sample.image_bytes.empty() && !sample.image_file.empty())
      sample.image_bytes = read_file(sample.image_file, kMaxPictureBytes);
    if (!options.decode) return;
    sample.picture = picture_of(sample);
    if (options.side > 0) sample.picture = resize_and_crop(sample.picture, options.side);
  } catch (const Error& error) {
    drawn.error = error.what();
    sample = {};
  }
}

}  // namespace

Image picture_of(const Sample& sample) {
  if (sample.picture.width > 0) return sample.picture;
  if (sample.image_bytes.empty()) fail("{}: the sample holds no picture", name_of(sample));
  return decode_image(std::as_bytes(std::span(sample.image_bytes)), name_of(sample));
}

SampleStream::SampleStream(const SourceConfig& config, uint64_t seed, StreamPosition start,
                           const StreamOptions& options)
    : config_(config), seed_(seed), options_(options) {
  go_to(start);
}

void SampleStream::go_to(StreamPosition position) {
  position_ = position;
  samples_ = std::make_unique<Prefetcher>(
      Walk(open_source(config_), config_.title(), seed_, options_.slice, config_.shuffle, position),
      [options = options_](Drawn& drawn) { prepare(drawn, options); }, config_.threads,
      config_.ahead);
}

Sample SampleStream::next() {
  for (;;) {
    Drawn drawn = samples_->next();
    if (drawn.error.empty()) {
      position_ = drawn.after;
      return std::move(drawn.sample);
    }
    skip(drawn);
  }
}

void SampleStream::skip(const Drawn& drawn) {
  if (corrupt_.insert(drawn.error).second)
    spdlog::warn("{}: skipped ({} so far)", drawn.error, corrupt_.size());
  if (corrupt() > config_.max_corrupt) {
    fail("{}: more than {} corrupt samples (max_corrupt), the last: {}", config_.title(),
         config_.max_corrupt, drawn.error);
  }
  if (drawn.after.epoch > position_.epoch + 1)
    fail("{}: a whole epoch held corrupt samples only, the last: {}", config_.title(), drawn.error);
}

}  // namespace showo
