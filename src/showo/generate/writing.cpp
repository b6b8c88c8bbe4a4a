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
  if (logits.dim() == 1) {
    add(logits);
    if (!done_) guess({});
    return;
  }
  const int64_t read = context_.row.length();  // the newest token included
  size_t right = 0;
  for (add(logits[0]); !done_ && right < guesses_.size();
       add(logits[static_cast<int64_t>(right)])) {
    if (tokens_.back() != guesses_[right]) break;
    ++right;
  }
  const auto known = static_cast<int64_t>(right);
  context_.cache.truncate(read + known);
  // What the guesses that were wrong led to is Jacobi's next guess.
  if (!done_) guess(logits.slice(0, known + 1));
}

void Writing::add(const Tensor& logits) {
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

// What follows the newest token: by `logits` [n, V], and then as it went on after the last time
// that the same two tokens stood in the row.
void Writing::guess(const Tensor& logits) {
  const int64_t count = std::min(options_.jacobi - 1, most_ - std::ssize(tokens_) - 1);
  guesses_.clear();
  if (count < 1) return;
  if (logits.defined() && logits.size(0) > 0) {
    const auto likeliest = logits.argmax(-1);
    const auto* first = likeliest.const_data_ptr<int64_t>();
    guesses_.assign(first, first + std::min(likeliest.numel(), count));
  }
  auto ids = context_.row.ids;
  ids.insert(ids.end(), guesses_.begin(), guesses_.end());
  while (std::ssize(guesses_) < count) {
    const auto newest = ids.rbegin(), end = ids.rend();
    const auto found = end - newest < 3 ? end : std::search(newest + 1, end, newest, newest + 2);
    const int64_t next = found == end ? ids.back() : *(found - 1);
    guesses_.push_back(next);
    ids.push_back(next);
  }
}

Request Writing::request() {
  alone_.reset();
  if (guesses_.empty()) return reading(context_, /*logits=*/true);
  const Row written = context_.row;
  context_.row.append_text(guesses_);
  Request request = reading(context_, /*logits=*/true);
  context_.row = written;
  request.states.begin -= std::ssize(guesses_);
  return request;
}

bool Writing::step_alone(const Network& network) {
  if (!alone_) {
    const int64_t left = most_ - std::ssize(tokens_);
    if (options_.jacobi > 1 || left < kWorthRecording ||
        context_.row.length() != context_.cache.length() + 1)
      return false;
    alone_.emplace(network.backbone, context_, std::min(left, kRoom));
  }
  take((*alone_)(tokens_.back()));
  return true;
}

}  // namespace showo
