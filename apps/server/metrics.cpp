#include "apps/server/metrics.h"

#include <fmt/format.h>

#include <iterator>

namespace showo::server {
namespace {

const std::map<std::string, const char*>& helps() {
  static const std::map<std::string, const char*> helps = {
      {"showo:requests_total", "Requests that were answered, by route and status."},
      {"showo:images_total", "Pictures that were drawn."},
      {"showo:image_steps_total", "Unmasking steps of pictures."},
      {"showo:prompt_tokens_total", "Tokens before answers, those of pictures included."},
      {"showo:generation_tokens_total", "Tokens of answers."},
      {"showo:views_total", "Pictures of chats, by whether they had been read before."},
      {"showo:cancelled_total", "Requests whose client left before the answer."},
      {"showo:refused_total", "Requests that found the queue full."},
      {"showo:request_seconds", "From a request's arrival to its answer's end, by route."},
      {"showo:time_to_first_token_seconds", "To the first text of an answer."},
      {"showo:time_to_first_image_seconds", "To the first picture of a stream, partial or not."},
      {"showo:image_seconds", "From a request's arrival to its picture, drawn and decoded."},
  };
  return helps;
}

std::string braces(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

}  // namespace

void Metrics::count(const char* name, double more, const std::string& labels) {
  const std::lock_guard lock(mutex_);
  counters_[name][labels] += more;
}

void Metrics::observe(const char* name, double value, const std::string& labels) {
  const std::lock_guard lock(mutex_);
  Histogram& histogram = histograms_[name][labels];
  for (size_t i = 0; i < kSeconds.size(); ++i) histogram.buckets[i] += value <= kSeconds[i] ? 1 : 0;
  ++histogram.count;
  histogram.sum += value;
}

double Metrics::mean(const char* name) const {
  const std::lock_guard lock(mutex_);
  const auto found = histograms_.find(name);
  if (found == histograms_.end()) return 0;
  double sum = 0;
  int64_t count = 0;
  for (const auto& [labels, histogram] : found->second) {
    sum += histogram.sum;
    count += histogram.count;
  }
  return count ? sum / static_cast<double>(count) : 0;
}

std::string Metrics::text(const std::vector<Gauge>& gauges) const {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto head = [&](const std::string& name, const char* help, const char* type) {
    fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  };
  for (const Gauge& gauge : gauges) {
    head(gauge.name, gauge.help, gauge.type);
    fmt::format_to(out, "{} {}\n", gauge.name, gauge.value);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, values] : counters_) {
    head(name, helps().at(name), "counter");
    for (const auto& [labels, value] : values)
      fmt::format_to(out, "{}{} {}\n", name, braces(labels), value);
  }
  for (const auto& [name, values] : histograms_) {
    head(name, helps().at(name), "histogram");
    for (const auto& [labels, histogram] : values) {
      const std::string more = labels.empty() ? "" : labels + ",";
      for (size_t i = 0; i < kSeconds.size(); ++i)
        fmt::format_to(out, "{}_bucket{{{}le=\"{}\"}} {}\n", name, more, kSeconds[i],
                       histogram.buckets[i]);
      fmt::format_to(out, "{0}_bucket{{{1}le=\"+Inf\"}} {2}\n{0}_sum{3} {4}\n{0}_count{3} {2}\n",
                     name, more, histogram.count, braces(labels), histogram.sum);
    }
  }
  return text;
}

}  // namespace showo::server
