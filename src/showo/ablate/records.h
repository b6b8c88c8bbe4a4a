// What is known of a study's steps: OUT/records/ID.json, one a step, written whole.
#pragma once

#include <map>
#include <optional>

#include "showo/ablate/plan.h"

namespace showo {

struct Record {
  bool finished = false;
  double seconds = 0;                // that it ran, all attempts together
  Json output;                       // what an evaluation printed
  std::optional<std::string> error;  // why the last attempt failed
};
using Records = std::map<std::string, Record>;  // by step

/// Of the plan's steps, those that there are. Throws Error naming a file that is no record.
Records read_records(const Plan& plan, const fs::path& out);
void write_record(const fs::path& out, const std::string& id, const Record& record);

/// How far a step is that runs: seconds since it began, and the share that is done in this attempt
/// (0: not known).
struct Underway {
  double seconds = 0, done = 0;
};

/// Seconds until all is finished by so many processes, judged by finished steps of the same name
/// and by what runs; nothing as long as there is nothing to judge by.
std::optional<double> seconds_left(const Plan& plan, const Records& records,
                                   const std::map<std::string, Underway>& underway, int processes);

}  // namespace showo
