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
                       std::unique_ptr<Draws> draws, OnMaskStep on_step)
    : model_(model),
      rows_{before_picture(prompt)},
      canvas_N_(canvas.to(model->device(), /*non_blocking=*/false, /*copy=*/true)),
      options_(options),
      draws_(std::move(draws)),
      on_step_(std::move(on_step)) {
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
  std::vector<Context*> contexts;
  for (Context& context : contexts_) contexts.push_back(&context);
  drawing_.emplace(model_, contexts, canvas_N_, options_, std::move(draws_));
}

bool PictureJob::step_alone(const Network& network) {
  const auto step = drawing_->step_alone(network);
  if (step) report(*step);
  return step.has_value();
}

void PictureJob::report(const MaskStep& step) {
  const bool on = !on_step_ || on_step_(step);
  if (!on || drawing_->sampler().done()) codes_N_ = drawing_->sampler().codes().cpu();
}

void PictureJob::release() {
  drawing_.reset();
  contexts_.clear();
}

int64_t PictureJob::most_tokens() const {
  int64_t tokens = 0;
  for (const Row& row : rows_) tokens += row.length() + canvas_N_.size(0) + 2;
  return tokens;
}

}  // namespace showo
