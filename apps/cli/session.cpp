#include "apps/cli/session.h"

#include <ATen/Parallel.h>

#include <chrono>

#include "apps/cli/flags.h"
#include "showo/core/device.h"
#include "showo/home.h"
#include "showo/image/png.h"

namespace showo::cli {

std::string embedded_model() {
  const std::string name = "models/embedded";
  try {
    return shared_path(name);
  } catch (const Error&) {  // another model may be named
    return name;
  }
}

torch::ScalarType ModelFlags::scalar_type() const {
  if (dtype == "bf16") return torch::kBFloat16;
  if (dtype == "fp16") return torch::kHalf;
  return torch::kFloat;
}

torch::ScalarType ModelFlags::compute_type() const {
  return showo::compute_type(dtype, parse_device(device));
}

ModelOptions ModelFlags::options() const {
  return {llm, codec, clip, dtype, device, bits, limits()};
}

void ModelFlags::add_to(CLI::App& command) {
  command.option_defaults()->group("model");
  command.add_option("--model", model, "model folder")->capture_default_str();
  command.add_option(
      "--llm", llm,
      "folder of the language model's config and tokenizer, if not inside the model's");
  command.add_option("--codec", codec, "folder of the image tokenizer, if not inside the model's");
  command.add_option(
      "--clip", clip,
      "folder of the CLIP-ViT that pictures are seen by, if the model has one and it "
      "is not inside the model's");
  command.add_option("--dtype", dtype, "fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command.add_option("--bits", bits, "round the weights of linear layers to 8 or 4 bits (CPU)")
      ->transform(number_in<int>("--bits", between(4, 8)))
      ->check(CLI::IsMember({8, 4}));
  command.option_defaults()->group("machine");
  command.add_option("--device", device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_flag("--alone", alone,
                   "compute each picture and answer of a call by itself: the same bits as when it "
                   "is the only one, which bf16, fp16 and --bits do not promise otherwise");
  command.add_flag("--json", json, "results, timings and memory as JSON");
  command.option_defaults()->group("sampling");
  add_number(
      command, "--seed", seed,
      "the same seed gives the same result, where --dtype, --bits, --device and --threads are "
      "the same too: other threads sum in another order, which in bf16 and fp16 shows",
      any_number());
}

EngineLimits ModelFlags::limits() const {
  EngineLimits limits = engine_limits(parse_device(device));
  limits.alone = alone;
  return limits;
}

std::optional<LowBits> ModelFlags::low_bits() const {
  return bits ? std::optional(LowBits::of(bits)) : std::nullopt;
}

void check_picture_out(const std::string& out) {
  if (!out.ends_with(".png"))
    throw UsageError(fmt::format("--out {}: expected a name that ends in .png", out));
  std::error_code ignored;
  if (fs::is_directory(out, ignored)) fail("{}: expected a file to write, found a folder", out);
  if (!fs::is_directory(fs::absolute(out).parent_path(), ignored))
    fail("{}: there is no such folder to write to", out);
}

Session::Session(const ModelFlags& flags) : flags_(flags), report_(flags.json) {
  pipeline_ = open_pipeline(flags.model, flags.options());
  lap("load");
}

void Session::set_prompt(const std::string& prompt) {
  prompt_ = prompt;
  prompt_used_ = pipeline_->prompt_used(prompt);
  if (prompt_used_ != prompt) {
    spdlog::warn("the prompt is longer than the model's room for it; it is cut behind: {}",
                 one_line(prompt_used_));
  }
}

namespace {

// Of several that come in turns: seconds since each one's last, at first since all began.
class Laps {
 public:
  using Clock = std::chrono::steady_clock;
  double of(size_t index) {
    const auto now = Clock::now();
    auto& last = newest_.try_emplace(index, start_).first->second;
    const double seconds = std::chrono::duration<double>(now - last).count();
    last = now;
    return seconds;
  }

 private:
  Clock::time_point start_ = Clock::now();
  std::map<size_t, Clock::time_point> newest_;
};

}  // namespace

// Callbacks are copied, one for each picture or answer; what they tell of is one.
OnPictureStep Session::on_step(int steps, size_t pictures) {
  progress_ = std::make_unique<Progress>("drawing", steps * static_cast<int64_t>(pictures));
  step_times_.clear();
  const auto all = std::make_shared<Laps>(), each = std::make_shared<Laps>();
  const auto done = std::make_shared<int64_t>(0);
  return [=, this](size_t picture, const MaskStep&) {
    report_.timings()["steps"].push_back(all->of(0));
    step_times_[picture].push_back(each->of(picture));
    progress_->update(++*done);
    return true;
  };
}

OnAnswerToken Session::on_token() {
  const auto all = std::make_shared<Laps>(), each = std::make_shared<Laps>();
  return [=, this](size_t question, int64_t) {
    report_.timings()["tokens"].push_back(all->of(0));
    token_times_[question].push_back(each->of(question));
    return true;
  };
}

PngText Session::metadata(uint64_t seed, const SamplingOptions& options) const {
  PngText text = {{"prompt", prompt_},
                  {"seed", std::to_string(seed)},
                  {"steps", std::to_string(options.steps)},
                  {"guidance", fmt::format("{}", options.guidance)},
                  {"guided", fmt::format("{}", options.guided)},
                  {"refresh", std::to_string(options.refresh)},
                  {"temperature", fmt::format("{}", options.temperature)},
                  {"code_temperature", fmt::format("{}", options.code_temperature)},
                  {"code_top_k", std::to_string(options.code_top_k)},
                  {"commit_above", fmt::format("{}", options.commit_above)},
                  {"schedule", options.schedule},
                  {"order", options.order},
                  {"dtype", flags_.dtype},
                  {"bits", std::to_string(flags_.bits)},
                  {"device", flags_.device},
                  {"threads", std::to_string(at::get_num_threads())},
                  {"model", fs::path(flags_.model).lexically_normal().filename().string()},
                  {"Software", "showo " SHOWO_VERSION}};
  if (!options.negative_prompt.empty()) text["negative_prompt"] = options.negative_prompt;
  if (prompt_used_ != prompt_) text["prompt_used"] = prompt_used_;
  return text;
}

void Session::report(Json results, const std::string& text) {
  progress_.reset();
  if (prompt_used_ != prompt_) results["prompt_used"] = prompt_used_;
  report_.print(std::move(results), text);
}

}  // namespace showo::cli
