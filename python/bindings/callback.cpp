#include "python/bindings/callback.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "python/bindings/arguments.h"
#include "showo/error.h"

namespace showo::python {
namespace {

std::atomic<bool> ending = false;
std::thread::id ender;  // who may still enter; set before `ending`
std::atomic<int> inside = 0;
thread_local int depth = 0;

}  // namespace

bool inside_callback() { return depth > 0; }

void end_callbacks() {
  ender = std::this_thread::get_id();
  ending = true;
  without_gil([] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (inside > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
}

WithoutGil::~WithoutGil() {
  if (!state_) return;
  while (ending && std::this_thread::get_id() != ender)
    std::this_thread::sleep_for(std::chrono::hours(1));
  PyEval_RestoreThread(state_);
}

// First it is counted, then it looks: end_callbacks either sees it or is seen.
InPython::InPython() {
  ++inside;
  if (ending) {
    --inside;
    throw Cancelled("the interpreter ends");
  }
  gil_ = std::make_unique<nb::gil_scoped_acquire>();
  ++depth;
}

InPython::~InPython() {
  --depth;
  gil_.reset();
  --inside;
}

Callback::Callback(const char* argument, const nb::object& function) {
  if (function.is_none()) return;
  if (PyCallable_Check(function.ptr()) == 0) refuse(argument, "a function or None", function);
  // A thread that drops it after the interpreter's end leaves it where it is.
  function_ = std::shared_ptr<nb::object>(new nb::object(function), [](nb::object* held) {
    ++inside;
    if (!ending) {
      const nb::gil_scoped_acquire gil;
      delete held;
    }
    --inside;
  });
}

nb::object Callback::call(const nb::tuple& arguments) const { return (*function_)(*arguments); }

}  // namespace showo::python
