// Curves for TensorBoard: an event file of scalars (TensorFlow's TFRecord framing around Event
// messages of tensorflow/core/util/event.proto).
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "showo/core/files.h"

namespace showo {

class EventFile {
 public:
  /// Makes a new file in `folder`; TensorBoard reads all of a folder as one run. Throws Error
  /// naming it.
  explicit EventFile(const fs::path& folder);
  void scalar(const std::string& name, int64_t step, double value);
  /// Throws Error when the disk is full.
  void flush();

 private:
  void record(const std::string& event);
  fs::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// Cuts off what the event files in `folder` hold of steps after `last_step`, or a record that a
/// crash left unfinished and all behind it: TensorBoard draws whatever it finds.
void cut_events(const fs::path& folder, int64_t last_step);

}  // namespace showo
