// A model as Python holds it: what is asked of it after close() is an error.
#pragma once

#include <nanobind/nanobind.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "python/bindings/running.h"
#include "showo/model.h"

namespace nb = nanobind;

namespace showo::python {

class Loaded {
 public:
  /// Without the GIL, as it takes a while. Throws as Model does.
  Loaded(const std::string& folder, const ModelOptions& options);
  ~Loaded();
  /// Throws UsageError after close(), and in a child of the process that loaded it, where its
  /// threads are not.
  const Model& model() const;
  bool closed() const { return !model_; }
  /// Cancels its tasks and waits for the step that is being computed; the memory is free when the
  /// last of its views and chats is gone too.
  void close();

  /// Work of the model's own engine.
  template <class T>
  std::shared_ptr<Running> started(Pending<T> task, Stop stop,
                                   typename RunningTo<T>::Convert convert) {
    return kept(
        std::make_shared<RunningTo<T>>(std::move(task), std::move(stop), std::move(convert)));
  }
  /// Work in a thread of its own, which is given the model.
  template <class T>
  std::shared_ptr<Running> in_thread(std::function<T(const Model&)> work, Stop stop,
                                     typename RunningTo<T>::Convert convert) {
    auto task =
        python::in_thread<T>([work = std::move(work), model = model()] { return work(model); });
    return started<T>(std::move(task), std::move(stop), std::move(convert));
  }

 private:
  std::shared_ptr<Running> kept(std::shared_ptr<Running> running);
  std::string folder_;
  std::optional<Model> model_;
  pid_t process_ = ::getpid();
  std::vector<std::weak_ptr<Running>> running_;  // guarded by the GIL
};

/// A Python class a piece of the surface; each in a file of its name.
void bind_errors(nb::module_& module);
void bind_options(nb::module_& module);
void bind_running(nb::module_& module);
void bind_pictures(nb::class_<Loaded>& model);
void bind_answers(nb::module_& module, nb::class_<Loaded>& model);
void bind_stories(nb::class_<Loaded>& model);
void bind_step(nb::module_& module);

}  // namespace showo::python
