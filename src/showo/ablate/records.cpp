#include "showo/ablate/records.h"

namespace showo {
namespace {

fs::path record_path(const fs::path& out, const std::string& id) {
  return out / "records" / (id + ".json");
}

// Sums and counts of seconds by name.
class Means {
 public:
  void add(const std::string& name, double seconds) {
    for (const std::string& key : {name, std::string()}) {
      sums_[key] += seconds;
      ++counts_[key];
    }
  }
  bool empty() const { return counts_.empty(); }
  /// Of all where nothing is known of the name.
  double of(const std::string& name) const {
    const std::string key = counts_.contains(name) ? name : "";
    return sums_.at(key) / counts_.at(key);
  }

 private:
  std::map<std::string, double> sums_;
  std::map<std::string, int> counts_;
};

}  // namespace

Records read_records(const Plan& plan, const fs::path& out) {
  Records records;
  for (const Step& step : plan.steps) {
    const fs::path path = record_path(out, step.id);
    if (!fs::exists(path)) continue;
    const Json json = read_json(path);
    const bool whole = json.is_object() && json.contains("finished") &&
                       json["finished"].is_boolean() && json.contains("seconds") &&
                       json["seconds"].is_number();
    if (!whole) fail("{}: expected finished and seconds", path.string());
    Record& record = records[step.id];
    record.finished = json["finished"];
    record.seconds = json["seconds"];
    record.output = json.value("output", Json());
    if (const Json error = json.value("error", Json()); error.is_string()) record.error = error;
  }
  return records;
}

void write_record(const fs::path& out, const std::string& id, const Record& record) {
  Json json = {{"finished", record.finished}, {"seconds", record.seconds}};
  if (!record.output.is_null()) json["output"] = record.output;
  if (record.error) json["error"] = *record.error;
  write_file_atomically(record_path(out, id), json.dump(1) + "\n");
}

std::optional<double> seconds_left(const Plan& plan, const Records& records,
                                   const std::map<std::string, Underway>& underway, int processes) {
  const auto finished = [&](const Step& step) {
    const auto found = records.find(step.id);
    return found != records.end() && found->second.finished;
  };
  Means means;
  for (const Step& step : plan.steps) {
    const auto runs = underway.find(step.id);
    if (finished(step)) {
      means.add(step.name, records.at(step.id).seconds);
    } else if (runs != underway.end() && runs->second.done > 0) {
      means.add(step.name, runs->second.seconds / runs->second.done);
    }
  }
  if (means.empty()) return {};
  double left = 0;
  for (const Step& step : plan.steps) {
    if (finished(step)) continue;
    const auto runs = underway.find(step.id);
    const double gone = runs == underway.end() ? 0 : runs->second.seconds;
    const double whole = runs != underway.end() && runs->second.done > 0
                             ? runs->second.seconds / runs->second.done
                             : means.of(step.name);
    left += std::max(whole - gone, 0.0);
  }
  return left / std::max(processes, 1);
}

}  // namespace showo
