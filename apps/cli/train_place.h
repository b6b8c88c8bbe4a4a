// What all trainers have: --device and --timeout, and how they end.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/flags.h"
#include "showo/core/device.h"
#include "showo/train/place.h"

namespace showo::cli {

/// Adds both flags; the function says where to train, once they are parsed, and joins the job's
/// other processes.
inline std::function<TrainerPlace()> add_place(CLI::App& command) {
  auto device = std::make_shared<std::string>("cpu");
  auto timeout = std::make_shared<int>(60);
  command.option_defaults()->group("machine");
  command.add_option("--device", *device, "cpu, or cuda: one GPU a process")->capture_default_str();
  add_number(command, "--timeout", *timeout,
             "seconds without a sign of life after which another process is lost",
             between(1, 86'400));
  return [=] {
    TrainerPlace place;
    place.device =
        parse_device(*device == "cuda" ? "cuda:" + std::to_string(local_rank()) : *device);
    place.group = Group::from_environment(place.device, std::chrono::seconds(*timeout));
    return place;
  };
}

/// A run that was told to stop before its last step ends with this status (EX_TEMPFAIL of
/// sysexits.h), so that neither `train a && train b` nor a scheduler takes it for a finished one.
constexpr int kStopped = 75;
inline void end_run(bool finished) {
  if (!finished) throw CLI::RuntimeError(kStopped);
}

/// What --help says at its end; `result` is the part of a checkpoint that the run is for.
inline std::string run_footer(const std::string& result, const std::string& examples) {
  return "The result is OUT/checkpoint/" + result +
         "; where the file system has no symbolic links, OUT/checkpoint is a file that\n"
         "names the folder.\n"
         "SIGINT, SIGTERM and SIGHUP finish the step, save and end with status 75; the same "
         "command goes on. A second\none ends at once.\n" +
         examples;
}

}  // namespace showo::cli
