// Counters and histograms in Prometheus' text format (version 0.0.4).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace showo::server {

/// A number of the moment.
struct Gauge {
  const char* name;
  const char* help;
  double value;
  const char* type = "gauge";
};

class Metrics {
 public:
  // Names and what they mean are in metrics.cpp. `labels`: what stands between the braces.
  void count(const char* name, double more = 1, const std::string& labels = {});
  void observe(const char* name, double value, const std::string& labels = {});
  /// All of them, and these gauges.
  std::string text(const std::vector<Gauge>& gauges) const;
  /// Mean of what was observed; 0 when nothing was.
  double mean(const char* name) const;

  static constexpr std::array<double, 21> kSeconds = {
      .01, .03, .1, .3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480};

 private:
  struct Histogram {
    std::array<int64_t, kSeconds.size()> buckets{};
    int64_t count = 0;
    double sum = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, double>> counters_;  // by name, by labels
  std::map<std::string, std::map<std::string, Histogram>> histograms_;
};

}  // namespace showo::server
