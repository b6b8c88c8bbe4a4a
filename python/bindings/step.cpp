#include "python/bindings/step.h"

#include <nanobind/stl/shared_ptr.h>

#include <functional>

#include "python/bindings/loaded.h"
#include "python/bindings/values.h"

namespace showo::python {
namespace {

// Python may keep it longer than the step is there, and use it from any thread.
class Step {
 public:
  explicit Step(const PictureStep& step) : step_(&step) {}
  template <class F>
  auto use(F&& read) {
    const WithoutGil no_gil;
    const std::lock_guard lock(mutex_);
    if (!step_) throw UsageError("a step is there while its callback runs, not longer");
    return std::invoke(read, *step_);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    step_ = nullptr;
  }

 private:
  std::mutex mutex_;
  const PictureStep* step_;
};

class Lent {
 public:
  explicit Lent(const PictureStep& step) : step_(std::make_shared<Step>(step)) {}
  ~Lent() { step_->end(); }
  const std::shared_ptr<Step>& step() const { return step_; }

 private:
  std::shared_ptr<Step> step_;
};

}  // namespace

OnStep each_step(const Callback& on_step, const Stop& stop, const DrawnCodes& drawn) {
  return [=](const PictureStep& step) {
    stop.check();
    if (drawn) drawn->at(step.picture()) = step.drawn();
    if (!on_step) return true;
    const Lent lent(step);
    return on_step([&] { return nb::make_tuple(lent.step()); });
  };
}

void bind_step(nb::module_& module) {
  nb::class_<Step>(module, "Step")
      .def_prop_ro("picture", [](Step& step) { return step.use(&PictureStep::picture); })
      .def_prop_ro("number", [](Step& step) { return step.use(&PictureStep::step); })
      .def("codes", [](Step& step) { return codes_of(step.use(&PictureStep::codes)); })
      .def("image", [](Step& step) { return pixels_of(step.use(&PictureStep::image)); });
}

}  // namespace showo::python
