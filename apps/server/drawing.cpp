#include "apps/server/drawing.h"

#include <fmt/format.h>

#include <ctime>
#include <random>

#include "apps/server/base64.h"
#include "apps/server/running.h"
#include "showo/core/config.h"

namespace showo::server {
namespace {

// OpenAI's qualities are our presets.
const std::map<std::string, const char*>& preset_of_quality() {
  static const std::map<std::string, const char*> presets = {
      {"low", "fast"},    {"medium", "balanced"}, {"high", "exact"}, {"standard", "balanced"},
      {"xhigh", "exact"}, {"max", "exact"},       {"hd", "exact"}};
  return presets;
}

std::vector<std::string> qualities() {
  std::vector<std::string> names = {"auto"};
  for (const auto& [quality, preset] : preset_of_quality()) names.push_back(quality);
  return names;
}

// Of what events may say.
std::string legal_quality(const std::string& quality) {
  if (quality == "standard") return "medium";
  if (quality == "xhigh" || quality == "max" || quality == "hd") return "high";
  return quality;
}

// The same setting under the names that others give it, of which one may be used.
template <class Read>
auto either(Fields& fields, std::initializer_list<const char*> names, const Read& read) {
  decltype(read(*names.begin())) found;
  const char* first = nullptr;
  for (const char* name : names) {
    auto value = read(name);
    if (!value) continue;
    if (found && *found != *value)
      fields.fail(name, fmt::format(": {} says something else", first));
    if (!found) first = name;
    found = std::move(value);
  }
  return found;
}

void read_sampling(Service& service, Fields& fields, DrawingRequest& request) {
  const auto quality = fields.word("quality", qualities());
  const auto preset = fields.word("preset", {"exact", "balanced", "fast"});
  if (quality) request.quality = *quality;
  if (preset)
    request.preset = *preset;
  else if (quality && *quality != "auto")
    request.preset = preset_of_quality().at(*quality);
  request.sampling = service.model.sampling(request.preset);
  SamplingOptions& s = request.sampling;
  const auto steps = either(
      fields, {"steps", "num_inference_steps", "sample_steps"},
      [&](const char* name) { return fields.whole(name, between(1, service.limits.steps)); });
  if (steps) s.steps = static_cast<int>(*steps);
  const auto guidance = either(fields, {"guidance_scale", "guidance"}, [&](const char* name) {
    return fields.number(name, between(0, 100));
  });
  if (guidance) s.guidance = *guidance;
  s.guided = fields.number("guided", share()).value_or(s.guided);
  s.refresh = static_cast<int>(fields.whole("refresh", between(1, 1 << 16)).value_or(s.refresh));
  s.temperature = fields.number("temperature", between(0, 100)).value_or(s.temperature);
  s.code_temperature =
      fields.number("code_temperature", between(0.01L, 100)).value_or(s.code_temperature);
  s.code_top_k = fields.whole("code_top_k", between(0, 10'000'000)).value_or(s.code_top_k);
  s.commit_above = fields.number("commit_above", share()).value_or(s.commit_above);
  s.schedule = fields.text("schedule").value_or(s.schedule);
  s.order = fields.text("order").value_or(s.order);
  const auto negative = fields.text("negative_prompt");
  if (negative && !negative->empty()) {
    service.check_text(*negative, "negative_prompt");
    s.negative_prompt = *negative;
  }
  s.check(service.model.info().image_tokens);
}

void read_format(Fields& fields, DrawingRequest& request) {
  if (const auto format = fields.word("output_format", {"png", "jpeg", "webp"}))
    request.format.name = *format;
  const auto quality = fields.whole("output_compression", between(0, 100));
  if (!quality) return;
  if (request.format.name == "png" && *quality != 100)
    fields.fail("output_compression", ": a png has none; expected output_format jpeg or webp");
  request.format.quality = static_cast<int>(*quality);
}

std::string size_of(const Image& image) { return fmt::format("{}x{}", image.width, image.height); }

// What is being drawn, as a picture of its size.
struct Canvas {
  const DrawingRequest& request;
  int side;
  std::string size() const {
    return request.original.width ? size_of(request.original) : fmt::format("{0}x{0}", side);
  }
};

// Which steps are shown: `count` of them, evenly, without the last, which is the picture itself.
class Partials {
 public:
  Partials(int count, int steps) : count_(count), steps_(steps) {}
  /// Whether one is due when so many steps are done.
  bool due(int done) {
    if (done >= steps_) return false;
    const int before = passed_;
    while (passed_ < count_ && at(passed_) <= done) ++passed_;
    return passed_ > before;
  }

 private:
  int at(int index) const {
    return std::max(1, static_cast<int>(int64_t{index + 1} * steps_ / (count_ + 1)));
  }
  int count_, steps_, passed_ = 0;
};

class Drawer {
 public:
  Drawer(Exchange& exchange, DrawingRequest request)
      : exchange_(exchange), service_(exchange.service), request_(std::move(request)) {
    wishes_ = several(request_.wish.prompt, request_.n, request_.wish.seed);
    used_ = service_.model.prompt_used(request_.wish.prompt);
  }

  // Throws EngineFull when there is no room for all of them.
  void start() {
    running_.emplace(exchange_);
    for (size_t i = 0; i < wishes_.size(); ++i) {
      const auto watch = running_->watch();
      const bool watched = request_.stream && request_.partial_images > 0;
      steps_seen_.push_back(0);
      running_->add(request_.start(wishes_[i], [watch, i, watched](const PictureStep& step) {
        return watch->step(i, step.step(), watched ? step.later() : nullptr);
      }));
    }
  }

  Json answer() {
    Json data = Json::array();
    for (size_t i = 0; i < wishes_.size(); ++i) data.push_back(Json());
    running_->follow(std::chrono::milliseconds(200), [&](const Watch::News& news) {
      for (const size_t i : news.finished) data[i] = described(i, finished(i));
    });
    return {{"created", std::time(nullptr)},
            {"data", std::move(data)},
            {"background", "opaque"},
            {"output_format", request_.format.name},
            {"quality", legal_quality(request_.quality)},
            {"size", size_},
            {"usage", usage(wishes_.size())}};
  }

  void tell(EventStream& events) {
    const int steps = request_.sampling.steps * request_.rounds;
    std::vector<Partials> partials(wishes_.size(), Partials(request_.partial_images, steps));
    std::vector<int> shown(wishes_.size());
    int64_t ahead = -1;
    running_->follow(std::chrono::milliseconds(200), [&](const Watch::News& news) {
      if (request_.progress && news.empty()) {
        const int64_t now = running_->ahead();
        if (now != ahead && (now > 0 || ahead > 0))
          events.event(request_.kind + ".queued", {{"position", now}});
        ahead = now;
      }
      for (const auto& [i, step] : news.steps) {
        const int done = count_step(i, step.step);
        if (request_.progress)
          events.event(request_.kind + ".progress",
                       {{"image_index", i}, {"step", done}, {"steps", steps}});
        if (!partials[i].due(done)) continue;
        const Image image = service_.workshop.make(step.picture);
        Json event = common();
        event["b64_json"] = to_base64(request_.format.encode(image, {}, /*level=*/1));
        event["size"] = size_of(image);
        event["partial_image_index"] = shown[i]++;
        event["image_index"] = i;
        event["step"] = done;
        events.event(request_.kind + ".partial_image", std::move(event));
        exchange_.first("showo:time_to_first_image_seconds");
      }
      for (const size_t i : news.finished) {
        Json event = common();
        const Image image = finished(i);
        event.update(described(i, image));
        event["size"] = size_;
        event["image_index"] = i;
        event["usage"] = usage(1);
        events.event(request_.kind + ".completed", std::move(event));
        exchange_.first("showo:time_to_first_image_seconds");
      }
      events.keep_alive();
    });
  }

 private:
  // A picture that is drawn in rounds counts its steps from 0 in each.
  int count_step(size_t i, int step) {
    int& seen = steps_seen_[i];
    const int steps = request_.sampling.steps;
    int round = seen / steps;
    if (round * steps + step + 1 <= seen) ++round;
    seen = std::min(round * steps + step + 1, steps * request_.rounds);
    return seen;
  }

  Image finished(size_t i) {
    Image image = service_.workshop.make([&] { return running_->get(i); });
    size_ = size_of(image);
    service_.metrics.count("showo:images_total");
    service_.metrics.count("showo:image_steps_total", request_.sampling.steps * request_.rounds);
    service_.metrics.observe("showo:image_seconds", exchange_.seconds());
    return image;
  }

  Json described(size_t i, const Image& image) const {
    Json item = {{"b64_json", to_base64(request_.format.encode(image, texts(wishes_[i])))},
                 {"seed", wishes_[i].seed}};
    if (used_ != request_.wish.prompt) item["revised_prompt"] = used_;
    return item;
  }

  PngText texts(const Wish& wish) const {
    PngText texts = {{"prompt", wish.prompt},
                     {"seed", std::to_string(wish.seed)},
                     {"model", service_.name},
                     {"Software", "showo " SHOWO_VERSION}};
    if (used_ != wish.prompt) texts["prompt_used"] = used_;
    const Json sampling = config_to_json(request_.sampling);
    for (const auto& [name, value] : sampling.items()) {
      if (value == "") continue;
      texts[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return texts;
  }

  Json common() const {
    return {{"background", "opaque"},
            {"created_at", std::time(nullptr)},
            {"output_format", request_.format.name},
            {"quality", legal_quality(request_.quality)}};
  }

  Json usage(size_t pictures) const {
    const auto text = std::ssize(service_.model.tokenize(used_));
    const int64_t in = text + request_.image_tokens,
                  out = service_.model.info().image_tokens * static_cast<int64_t>(pictures);
    return {
        {"input_tokens", in},
        {"input_tokens_details", {{"image_tokens", request_.image_tokens}, {"text_tokens", text}}},
        {"output_tokens", out},
        {"output_tokens_details", {{"image_tokens", out}, {"text_tokens", 0}}},
        {"total_tokens", in + out}};
  }

  Exchange& exchange_;
  Service& service_;
  DrawingRequest request_;
  std::vector<Wish> wishes_;
  std::vector<int> steps_seen_;
  std::string used_, size_;
  std::optional<Running<Image>> running_;
};

}  // namespace

std::string Format::encode(const Image& image, const PngText& text, int level) const {
  if (name == "jpeg") return encode_jpeg(image, quality);
  if (name == "webp") return encode_webp(image, quality);
  return encode_png(image, text, level);
}

DrawingRequest read_drawing(Service& service, Fields& fields) {
  DrawingRequest request;
  service.check_model(fields.text("model"));
  const auto prompt = fields.text("prompt");
  if (!prompt) fields.fail("prompt", " is missing");
  service.check_text(*prompt, "prompt");
  request.wish.prompt = *prompt;
  request.n = static_cast<int>(fields.whole("n", between(1, service.limits.n)).value_or(1));
  request.wish.seed = fields.seed("seed").value_or(std::random_device{}());
  read_sampling(service, fields, request);
  read_format(fields, request);
  request.stream = fields.flag("stream").value_or(false);
  const auto partial = fields.whole("partial_images", between(0, request.sampling.steps));
  request.partial_images = static_cast<int>(partial.value_or(0));
  request.progress = fields.flag("progress").value_or(false);
  if (!request.stream && (request.partial_images > 0 || request.progress))
    fields.fail(request.progress ? "progress" : "partial_images", ": only where stream is true");
  fields.word("background", {"auto", "opaque"});
  fields.word("response_format", {"b64_json"});
  fields.ignore({"user", "safety_identifier"});
  return request;
}

void draw(Exchange& exchange, DrawingRequest request, httplib::Response& response) {
  exchange.prompt = request.wish.prompt;
  const bool stream = request.stream;
  const auto drawer = std::make_shared<Drawer>(exchange, std::move(request));
  drawer->start();
  if (stream) {
    stream_events(response, [drawer](EventStream& events) { drawer->tell(events); });
  } else {
    response.set_content(drawer->answer().dump(), kWholeJson);
  }
}

}  // namespace showo::server
