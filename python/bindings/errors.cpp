// Exceptions of C++ as those of showo.errors, with the same text.
#include <c10/util/Exception.h>
#include <nanobind/nanobind.h>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"
#include "showo/error.h"

namespace showo::python {
namespace {

void raise(const char* type, const std::string& what, const std::string* option = nullptr) {
  try {
    const nb::object error = nb::module_::import_("showo.errors").attr(type)(decoded(what));
    if (option) nb::setattr(error, "option", nb::str(option->c_str()));
    PyErr_SetObject(error.type().ptr(), error.ptr());
  } catch (nb::python_error& other) {
    other.restore();
  }
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const OptionError& error) {
    raise("OptionError", error.what(), &error.option());
  } catch (const UsageError& error) {
    raise("UsageError", error.what());
  } catch (const EngineFull& error) {
    raise("EngineFull", error.what());
  } catch (const Cancelled& error) {
    raise("Cancelled", error.what());
  } catch (const Error& error) {
    raise("Error", error.what());
  } catch (const c10::OutOfMemoryError& error) {
    PyErr_SetString(PyExc_MemoryError, error.what_without_backtrace());
  } catch (const c10::Error& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what_without_backtrace());
  }
}

}  // namespace

void bind_errors(nb::module_&) { nb::register_exception_translator(translate); }

}  // namespace showo::python
