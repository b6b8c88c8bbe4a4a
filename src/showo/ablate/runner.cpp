#include "showo/ablate/runner.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <list>
#include <thread>

#include "showo/core/child.h"
#include "showo/core/folder.h"
#include "showo/core/log.h"
#include "showo/core/signals.h"

namespace showo {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPause = std::chrono::milliseconds(50);
constexpr auto kShowEvery = std::chrono::seconds(1);

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What a process said last.
std::string last_line(const fs::path& log) {
  std::string text = read_file(log), line;
  while (!text.empty() && line.empty()) {
    while (text.ends_with('\n')) text.pop_back();
    const size_t at = text.rfind('\n');
    line = at == std::string::npos ? text : text.substr(at + 1);
    text.resize(at == std::string::npos ? 0 : at);
  }
  return line.starts_with("showo: ") ? line.substr(7) : line;
}

// The last whole line's step of a run's metrics; 0 where there is none.
int64_t steps_done(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / "metrics.jsonl", error)) return 0;
  std::string text = read_file(run / "metrics.jsonl");
  text.resize(text.rfind('\n') + 1);
  if (text.empty()) return 0;
  const size_t begin = text.rfind('\n', text.size() - 2) + 1;
  const Json line = Json::parse(text.substr(begin), nullptr, /*allow_exceptions=*/false);
  return line.is_object() && line.contains("step") && line["step"].is_number_integer()
             ? line["step"].get<int64_t>()
             : 0;
}

// Leaves of a finished run's checkpoints the newest one's result (model, codec or clip).
void thin(const fs::path& run) {
  std::error_code error;
  const fs::path pointer = run / "checkpoint";
  std::string name =
      fs::is_symlink(pointer) ? fs::read_symlink(pointer).string() : read_file(pointer, 4096);
  if (name.ends_with('\n')) name.pop_back();
  const fs::path newest = fs::path(name).filename();
  std::vector<fs::path> gone;
  for (const auto& item : fs::directory_iterator(run / "checkpoints", error))
    if (item.path().filename() != newest) gone.push_back(item.path());
  for (const auto& item : fs::directory_iterator(run / "checkpoints" / newest, error)) {
    const fs::path part = item.path().filename();
    if (part != "model" && part != "codec" && part != "clip") gone.push_back(item.path());
  }
  fs::remove(run / "best", error);
  for (const auto& path : gone) remove_tree(path);
}

class Runner {
 public:
  Runner(const Plan& plan, Records& records, const RunnerOptions& options)
      : plan_(plan), records_(records), options_(options), shown_(Clock::now()) {
    for (const char* folder : {"recipes", "runs", "logs", "records"})
      make_folder(options.out / folder);
  }

  bool run() {
    const StopRequest stop;
    bool told = false;
    while (true) {
      if (!stop.stands()) {
        start_what_is_ready();
      } else if (!std::exchange(told, true)) {
        for (Running& running : running_) running.child.stop();
      }
      if (running_.empty()) return !stop.stands();
      std::this_thread::sleep_for(kPause);
      std::erase_if(running_, [&](Running& running) {
        const auto status = running.child.ended();
        if (status) end(running, *status, stop.stands());
        return status.has_value();
      });
      show();
    }
  }

 private:
  struct Running {
    const Step& step;
    int slot;
    Child child;
    Clock::time_point start;
    int64_t steps_before;
  };

  bool finished(const std::string& id) const {
    const auto found = records_.find(id);
    return found != records_.end() && found->second.finished;
  }

  int free_slot() const {
    for (int slot = 0; slot < options_.processes; ++slot)
      if (std::ranges::find(running_, slot, &Running::slot) == running_.end()) return slot;
    return -1;
  }

  void start_what_is_ready() {
    for (const Step& step : plan_.steps) {
      const int slot = free_slot();
      if (slot < 0) return;
      if (finished(step.id) || tried_.contains(step.id)) continue;
      const auto done = [&](const std::string& id) { return finished(id); };
      if (std::ranges::all_of(step.needs, done)) start(step, slot);
    }
  }

  std::vector<std::string> arguments(const Step& step, int slot) const {
    std::vector<std::string> all = {step.command};
    if (step.trains()) {
      const fs::path recipe = options_.out / "recipes" / (step.id + ".yaml");
      write_file_atomically(recipe, with_folders(step, step.recipe, options_.out).dump(2) + "\n");
      all.insert(all.end(), {recipe.string(), "--out", run_folder(options_.out, step.id).string()});
    } else {
      for (const auto& argument : step.arguments)
        all.push_back(with_folders(step, argument, options_.out));
      all.emplace_back("--json");
    }
    if (options_.gpus > 0)
      all.insert(all.end(), {"--device", fmt::format("cuda:{}", slot % options_.gpus)});
    return all;
  }

  fs::path log_of(const Step& step) const { return options_.out / "logs" / (step.id + ".log"); }
  fs::path out_of(const Step& step) const { return options_.out / "logs" / (step.id + ".out"); }

  void start(const Step& step, int slot) {
    tried_.insert(step.id);
    ChildCommand command{options_.program, arguments(step, slot), {}, out_of(step), log_of(step)};
    if (options_.gpus == 0)
      command.environment["OMP_NUM_THREADS"] = std::to_string(options_.threads);
    const int64_t before = step.trains() ? steps_done(run_folder(options_.out, step.id)) : 0;
    running_.push_back({step, slot, Child(command), Clock::now(), before});
  }

  void end(const Running& running, int status, bool stopped) {
    const Step& step = running.step;
    Record& record = records_[step.id];
    record.seconds += seconds_since(running.start);
    record.error.reset();
    if (status == 0) {
      take_result(step, record);
    } else if (!stopped) {
      const std::string said = last_line(log_of(step));
      record.error = said.empty() ? fmt::format("ended with status {}", status) : one_line(said);
    }
    write_record(options_.out, step.id, record);
    if (!stopped || record.finished) tell(step, record);
    if (options_.changed) options_.changed();
  }

  void take_result(const Step& step, Record& record) {
    try {
      if (step.trains()) {
        thin(run_folder(options_.out, step.id));
      } else {
        record.output = read_json(out_of(step));
        fs::remove(out_of(step));
      }
      record.finished = true;
    } catch (const Error& error) {
      record.error = error.what();
    }
  }

  std::map<std::string, Underway> underway() const {
    std::map<std::string, Underway> all;
    for (const Running& running : running_) {
      Underway& one = all[running.step.id];
      one.seconds = seconds_since(running.start);
      if (!running.step.trains()) continue;
      const auto steps = running.step.recipe["steps"].get<int64_t>() - running.steps_before;
      const auto done =
          steps_done(run_folder(options_.out, running.step.id)) - running.steps_before;
      if (steps > 0) one.done = static_cast<double>(done) / static_cast<double>(steps);
    }
    return all;
  }

  std::string so_far() const {
    const auto done =
        std::ranges::count_if(plan_.steps, [&](const Step& step) { return finished(step.id); });
    const auto left = seconds_left(plan_, records_, underway(), options_.processes);
    return fmt::format("{} of {}{}", done, plan_.steps.size(),
                       left ? fmt::format(", {} left", duration_text(*left)) : "");
  }

  void tell(const Step& step, const Record& record) {
    clear();
    if (record.finished) {
      spdlog::info("{} ({}) took {}; {}", step.id, step.example, duration_text(record.seconds),
                   so_far());
    } else {
      spdlog::error("{} ({}) failed: {}; the others go on", step.id, step.example,
                    record.error.value_or(""));
    }
  }

  void clear() const {
    if (::isatty(STDERR_FILENO)) std::fputs("\r\033[K", stderr);
  }

  void show() {
    if (!::isatty(STDERR_FILENO) || Clock::now() - shown_ < kShowEvery) return;
    shown_ = Clock::now();
    std::string names;
    for (const Running& running : running_)
      names += fmt::format(" {} ({})", running.step.name, running.step.example);
    std::fputs(fmt::format("\r\033[K{}:{}", so_far(), names).c_str(), stderr);
  }

  const Plan& plan_;
  Records& records_;
  const RunnerOptions& options_;
  std::list<Running> running_;
  std::set<std::string> tried_;
  Clock::time_point shown_;
};

}  // namespace

bool run_plan(const Plan& plan, Records& records, const RunnerOptions& options) {
  return Runner(plan, records, options).run();
}

}  // namespace showo
