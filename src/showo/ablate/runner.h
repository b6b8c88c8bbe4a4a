// Runs what a plan asks for, several steps at once, each as a process of the same program.
#pragma once

#include <functional>

#include "showo/ablate/records.h"

namespace showo {

struct RunnerOptions {
  fs::path program, out;
  int processes = 1;
  int threads = 1;                // of each, on CPUs
  int gpus = 0;                   // process I takes the GPU I modulo so many; 0: the CPU
  std::function<void()> changed;  // when a step has ended, its record being new
};

/// Runs every step that is not finished and whose needs are; one that fails is recorded and told,
/// and what needs it is left. OUT has recipes/, runs/, logs/ and records/, by the steps' ids; of a
/// finished training only the newest checkpoint's result stays. False when SIGINT or SIGTERM ended
/// it (core/signals.h): trainings then have saved, and go on the next time.
bool run_plan(const Plan& plan, Records& records, const RunnerOptions& options);

}  // namespace showo
