// Python functions that threads of C++ call, and what becomes of them when the interpreter ends.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <thread>

namespace nb = nanobind;

namespace showo::python {

/// Whether this thread is inside such a function. Whoever waits there for the model would wait for
/// itself.
bool inside_callback();

/// From now on no thread but this one enters Python; waits, a minute at most, for those that are in
/// there. What was to be called throws Cancelled instead. For the interpreter's end; with the GIL.
void end_callbacks();

/// While one lives, this thread holds the GIL and is inside_callback. Throws Cancelled after
/// end_callbacks.
class InPython {
 public:
  InPython();
  ~InPython();
  InPython(const InPython&) = delete;
  InPython& operator=(const InPython&) = delete;

 private:
  std::unique_ptr<nb::gil_scoped_acquire> gil_;
};

/// A Python function, or None; copied and dropped by any thread.
class Callback {
 public:
  /// With the GIL. Throws TypeError, naming the argument, for what cannot be called.
  Callback(const char* argument, const nb::object& function);
  explicit operator bool() const { return function_ != nullptr; }
  /// Calls it, without the GIL before and after. False: it returned False. What it raises is
  /// thrown. `arguments` makes them, with the GIL.
  template <class F>
  bool operator()(F&& arguments) const {
    const InPython here;
    return !nb::handle(Py_False).is(call(arguments()));
  }

 private:
  nb::object call(const nb::tuple& arguments) const;
  std::shared_ptr<nb::object> function_;
};

/// While one lives, this thread has no GIL, whether it held it or not. At the interpreter's end a
/// thread that wants it back waits forever, as Python itself would end it in the middle of C++.
class WithoutGil {
 public:
  WithoutGil() : state_(PyGILState_Check() ? PyEval_SaveThread() : nullptr) {}
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

template <class F>
decltype(auto) without_gil(F&& work) {
  const WithoutGil no_gil;
  return work();
}

/// Runs `work`, which may wait for what a callback is part of, without the GIL: in a thread of its
/// own when this one is inside a callback.
template <class F>
void apart(F work) {
  if (inside_callback()) {
    std::thread(std::move(work)).detach();
  } else {
    without_gil(work);
  }
}

}  // namespace showo::python
