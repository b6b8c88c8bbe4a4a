#include "showo/generate/drawing.h"

#include "showo/prompt/omni_attention.h"

namespace showo {

namespace {

// Keys and values of an earlier step serve where a picture's tokens see all of it; where each sees
// those before it alone, every step computes all.
SamplingOptions refreshed_as_read(SamplingOptions options, const ShowoConfig& config) {
  if (config.attends() == Attention::kCausal) options.refresh = 1;
  return options;
}

}  // namespace

Drawing::Drawing(const Showo& model, std::vector<Context*> contexts, const Tensor& canvas,
                 const SamplingOptions& options, std::unique_ptr<Draws> draws,
                 std::optional<int64_t> position)
    : vocabulary_(model->vocabulary),
      contexts_(std::move(contexts)),
      sampler_(canvas, refreshed_as_read(options, model->config), std::move(draws)) {
  const bool causal = model->config.attends() == Attention::kCausal;
  for (const Context* context : contexts_) {
    pictures_.push_back({SegmentKind::kCodes, context->row.length(), canvas.size(0) + 2,
                         position.value_or(context->next_position()), /*open=*/false, /*group=*/0,
                         causal});
  }
}

Drawing::~Drawing() {
  for (size_t i = 0; i < contexts_.size(); ++i) contexts_[i]->cache.truncate(pictures_[i].begin);
}

std::vector<Request> Drawing::requests() {
  replay_.reset();
  // A picture whose tokens see only those before them is made of pieces that differ.
  wanted_P_ = pictures_[0].sees_itself_whole() ? sampler_.wanted() : Tensor();
  return requests(sampler_.canvas(), sampler_.computed(), wanted_P_);
}

std::vector<Request> Drawing::requests(const Tensor& canvas, const Tensor& computed,
                                       const Tensor& wanted) {
  const Vocabulary& v = vocabulary_;
  const int64_t codes = canvas.size(0);
  const auto one = [&](int64_t id) { return torch::full({1}, id, canvas.options()); };
  auto ids = torch::cat(
      {one(v.soi), (canvas + v.image_offset).masked_fill(canvas < 0, v.mask_token), one(v.eoi)});
  auto token = torch::arange(codes + 2, canvas.options());  // of soi…eoi
  if (computed.defined()) {
    token = torch::cat({one(0), computed + 1, one(codes + 1)});
    ids = ids.index_select(0, token);
  }
  const int64_t tokens = token.size(0);
  std::vector<Request> requests;
  for (size_t i = 0; i < branches(); ++i) {
    auto& [row, cache] = *contexts_[i];
    const Segment& picture = pictures_[i];
    Request request{ids, token + picture.position, {tokens, {}, &cache}, {1, tokens - 1}, true};
    if (computed.defined()) {  // some of the picture's tokens, which see what all of them see
      request.sequence.plan = open_plan(tokens, picture.end());
      request.sequence.places = token + picture.begin;
      if (wanted.defined()) request.states = {1, 1 + wanted.size(0)};  // the first of them
    } else {
      cache.truncate(picture.begin);
      auto segments = row.segments;
      segments.push_back(picture);
      request.sequence.plan = attention_plan(segments, picture.begin);
      if (wanted.defined()) request.chosen = wanted + 1;
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

MaskStep Drawing::take(const std::vector<Tensor>& logits) {
  const double w = sampler_.options().guidance;
  return sampler_.take(logits.size() > 1 ? (1 + w) * logits[0] - w * logits[1] : logits[0],
                       std::exchange(wanted_P_, {}));
}

std::optional<MaskStep> Drawing::step_alone(const Network& network) {
  if (sampler_.computed().defined()) return {};
  if (!replay_ || replayed_branches_ != branches()) {
    replay_.reset();
    replayed_branches_ = branches();
    // A recording must find the caches where it will find them later.
    for (size_t i = 0; i < contexts_.size(); ++i) contexts_[i]->cache.extend(pictures_[i].end());
    replayed_canvas_N_ = sampler_.canvas().clone();
    replay_.emplace(network.device(), [this, network] {
      return torch::stack(compute(network, requests(replayed_canvas_N_, {}, {})));
    });
  }
  replayed_canvas_N_.copy_(sampler_.canvas());
  return take((*replay_)().unbind(0));
}

}  // namespace showo
