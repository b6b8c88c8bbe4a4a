#include "python/bindings/running.h"

#include <nanobind/stl/shared_ptr.h>

#include "python/bindings/loaded.h"

namespace showo::python {

void bind_running(nb::module_& module) {
  nb::class_<Running>(module, "Running")
      .def(
          "wait",
          [](Running& running, double seconds) {
            return running.wait_for(
                std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
          },
          nb::arg("seconds"))
      .def("cancel", &Running::cancel)
      .def("result", &Running::result);
}

}  // namespace showo::python
