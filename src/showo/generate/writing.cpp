#include "showo/generate/writing.h"

#include <algorithm>

#include "showo/core/random.h"

namespace showo {
namespace {

constexpr int64_t kWorthRecording = 8, kRoom = 256;  // tokens

}  // namespace

Writing::Writing(Context& context, const TextOptions& options, std::vector<int64_t> stops,
                 int64_t positions, uint64_t seed, OnToken on_token)
    : context_(context),
      options_(options),
      stops_(std::move(stops)),
      most_(std::min(options.max_tokens, positions - context.next_position())),
      random_(make_generator(seed)),
      on_token_(std::move(on_token)),
      done_(most_ < 1) {}

void Writing::take(const Tensor& logits) {
  if (done_) return;
  const int64_t token = choose_token(logits, options_, random_);
  complete_ = std::ranges::find(stops_, token) != stops_.end();
  stopped_ = on_token_ && !on_token_(token, logits);
  if (!complete_) {
    tokens_.push_back(token);
    context_.row.append_text(Ids(&token, 1));
  }
  done_ = complete_ || stopped_ || std::ssize(tokens_) == most_;
  if (done_) alone_.reset();
}

Request Writing::request() {
  alone_.reset();
  return reading(context_, /*logits=*/true);
}

bool Writing::step_alone(const Network& network) {
  if (!alone_) {
    const int64_t left = most_ - std::ssize(tokens_);
    if (left < kWorthRecording || context_.row.length() != context_.cache.length() + 1)
      return false;
    alone_.emplace(network.backbone, context_, std::min(left, kRoom));
  }
  take((*alone_)(tokens_.back()));
  return true;
}

}  // namespace showo
