// --device and --timeout of the trainers.
#pragma once

#include <CLI/CLI.hpp>

#include "showo/core/device.h"
#include "showo/train/place.h"

namespace showo::cli {

/// Adds both flags; the function says where to train, once they are parsed, and joins the job's
/// other processes.
inline std::function<TrainerPlace()> add_place(CLI::App& command) {
  auto device = std::make_shared<std::string>("cpu");
  auto timeout = std::make_shared<int>(60);
  command.add_option("--device", *device, "cpu, or cuda: one GPU a process")->capture_default_str();
  command.add_option("--timeout", *timeout, "seconds to wait for a lost process")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  return [=] {
    TrainerPlace place;
    place.device =
        parse_device(*device == "cuda" ? "cuda:" + std::to_string(local_rank()) : *device);
    place.group = Group::from_environment(place.device, std::chrono::seconds(*timeout));
    return place;
  };
}

}  // namespace showo::cli
