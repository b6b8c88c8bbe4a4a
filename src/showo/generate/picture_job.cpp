#include "showo/generate/picture_job.h"

namespace showo {
namespace {

Row before_picture(const Row& prompt) {
  Row row = without_pads(prompt);
  const int64_t begin = row.picture().begin;
  row.segments.pop_back();  // the picture, which a row that is drawn ends with
  row.ids.resize(begin);
  row.labels.clear();
  return row;
}

}  // namespace

PictureJob::PictureJob(const Showo& model, const Row& prompt, const Row& unconditional,
                       const Tensor& canvas, const SamplingOptions& options,
                       std::unique_ptr<Draws> draws, OnMaskStep on_step, NextRound next)
    : model_(model),
      rows_{before_picture(prompt)},
      picture_tokens_(canvas.size(0)),
      first_{canvas.clone(), std::move(draws)},
      options_(options),
      on_step_(std::move(on_step)),
      next_(std::move(next)) {
  options_.check(canvas.size(0));
  if (options_.guidance > 0 && options_.guided > 0) rows_.push_back(before_picture(unconditional));
}

std::vector<Job::Beginning> PictureJob::beginnings() {
  std::vector<Beginning> beginnings;
  for (const Row& row : rows_) beginnings.push_back({row});
  return beginnings;
}

void PictureJob::begin(std::vector<Context> read, std::vector<Tensor>) {
  contexts_ = std::move(read);
  draw(std::move(first_));
}

void PictureJob::draw(Canvas canvas) {
  drawing_.reset();  // which takes its keys and values out of the contexts
  std::vector<Context*> contexts;
  for (Context& context : contexts_) contexts.push_back(&context);
  drawing_.emplace(model_, contexts, canvas.codes_N.to(model_->device()), options_,
                   std::move(canvas.draws));
}

bool PictureJob::step_alone(const Network& network) {
  const auto step = drawing_->step_alone(network);
  if (step) report(*step);
  return step.has_value();
}

void PictureJob::report(const MaskStep& step) {
  const bool on = !on_step_ || on_step_(step);
  if (on && !drawing_->sampler().done()) return;
  const Tensor codes = drawing_->sampler().codes().cpu();
  auto more = on && next_ ? next_(codes) : std::nullopt;
  if (more) {
    draw(std::move(*more));
  } else {
    codes_N_ = codes;
  }
}

void PictureJob::release() {
  drawing_.reset();
  contexts_.clear();
}

int64_t PictureJob::most_tokens() const {
  int64_t tokens = 0;
  for (const Row& row : rows_) tokens += row.length() + picture_tokens_ + 2;
  return tokens;
}

}  // namespace showo
