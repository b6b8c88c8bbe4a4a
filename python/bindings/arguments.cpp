#include "python/bindings/arguments.h"

#include <algorithm>
#include <cmath>

namespace showo::python {
namespace {

std::string as_text(nb::handle unicode) {
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(unicode.ptr(), &size);
  if (bytes) return {bytes, static_cast<size_t>(size)};
  PyErr_Clear();
  return "?";
}

// Numbers of other libraries too, such as numpy's; its bools are none.
bool is_number(nb::handle value, const char* kind) {
  if (PyBool_Check(value.ptr())) return false;
  return nb::isinstance(value, nb::module_::import_("numbers").attr(kind));
}

nb::object whole_number(const std::string& name, nb::handle value) {
  if (!is_number(value, "Integral")) refuse(name, "a whole number", value);
  return nb::steal(PyNumber_Index(value.ptr()));
}

template <class T>
T inside(const std::string& name, nb::handle value, const Range& range, std::optional<T> number) {
  if (number && range.holds(*number)) return *number;
  throw OptionError(name, shown(value), "expected " + range.text());
}

}  // namespace

std::string shown(nb::handle value) {
  constexpr size_t kMost = 60;
  const auto written = nb::steal(PyObject_Repr(value.ptr()));
  if (!written.is_valid()) {  // such as of a number of thousands of digits
    PyErr_Clear();
    return "a value that cannot be shown";
  }
  auto text = as_text(written);
  if (text.size() > kMost) {
    size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "…";
  }
  std::ranges::replace(text, '\n', ' ');
  return text;
}

nb::object decoded(const std::string& text) {
  return nb::steal(PyUnicode_DecodeUTF8(text.data(), std::ssize(text), "replace"));
}

void refuse(const std::string& name, const char* expected, nb::handle found) {
  std::string what = name + ": expected " + expected + ", found " + shown(found);
  if (!found.is_none()) what += " (" + as_text(found.type().attr("__name__")) + ")";
  throw nb::type_error(what.c_str());
}

int64_t signed_number(const std::string& name, nb::handle value, const Range& range) {
  const auto index = whole_number(name, value);
  if (!index.is_valid()) throw nb::python_error();
  int overflow = 0;
  const int64_t number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  return inside(name, value, range, overflow ? std::nullopt : std::optional(number));
}

uint64_t unsigned_number(const std::string& name, nb::handle value, const Range& range) {
  const auto index = whole_number(name, value);
  if (!index.is_valid()) throw nb::python_error();
  const uint64_t number = PyLong_AsUnsignedLongLong(index.ptr());
  const bool fits = !PyErr_Occurred();
  PyErr_Clear();
  return inside(name, value, range, fits ? std::optional(number) : std::nullopt);
}

double real_number(const std::string& name, nb::handle value, const Range& range) {
  if (!is_number(value, "Real")) refuse(name, "a number", value);
  const double number = PyFloat_AsDouble(value.ptr());
  const bool fits = !PyErr_Occurred();
  PyErr_Clear();
  return inside(name, value, range, fits ? std::optional(number) : std::nullopt);
}

bool truth(const std::string& name, nb::handle value) {
  if (!PyBool_Check(value.ptr())) refuse(name, "True or False", value);
  return value.is(Py_True);
}

std::string text(const std::string& name, nb::handle value) {
  if (!PyUnicode_Check(value.ptr())) refuse(name, "a text", value);
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (bytes) return {bytes, static_cast<size_t>(size)};
  PyErr_Clear();
  throw OptionError(name, shown(value), "expected text that UTF-8 can hold");
}

std::vector<std::string> texts(const std::string& name, nb::handle value) {
  if (PyUnicode_Check(value.ptr())) return {text(name, value)};
  if (!PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr()))
    refuse(name, "a text or a list of texts", value);
  std::vector<std::string> all;
  for (nb::handle one : nb::borrow<nb::iterable>(value))
    all.push_back(text(name + "[" + std::to_string(all.size()) + "]", one));
  return all;
}

void check_known(const std::string& where, nb::handle given,
                 const std::vector<std::string>& known) {
  for (nb::handle key : nb::borrow<nb::iterable>(given)) {
    if (PyUnicode_Check(key.ptr()) && std::ranges::count(known, as_text(key))) continue;
    std::string what =
        (where.empty() ? "" : where + ": ") + "unknown option " + shown(key) + "; known: ";
    for (size_t i = 0; i < known.size(); ++i) what += (i ? ", " : "") + known[i];
    throw nb::type_error(what.c_str());
  }
}

}  // namespace showo::python
