// The tables of options, for docstrings and for whoever makes a form of them.
#include <nanobind/stl/string.h>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"

namespace showo::python {
namespace {

// A dict a table: name → {type, default, help, range}, or the same of a table in it.
struct Describer {
  nb::dict table;

  template <class T>
  void operator()(T& value, const char* key, const char* help, const Range& range = {}) {
    nb::dict about;
    about["help"] = nb::str(help);
    describe(value, about, range);
    table[key] = about;
  }

 private:
  template <class T>
  static void describe(const T& value, nb::dict& about, const Range& range) {
    if constexpr (IsOptional<T>::value) {
      describe(value.value_or(typename T::value_type()), about, range);
      about["default"] = nb::none();
    } else if constexpr (Options<T>) {
      about["options"] = describe_table(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      about["type"] = "str";
      about["default"] = nb::str(value.c_str());
    } else {
      about["type"] = std::is_same_v<T, bool> ? "bool" : std::is_integral_v<T> ? "int" : "float";
      about["default"] = value;
      if constexpr (!std::is_same_v<T, bool>) about["range"] = range.within<T>().text();
    }
  }

 public:
  template <class T>
  static nb::dict describe_table(T options) {
    Describer describer;
    options.visit(describer);
    return describer.table;
  }
};

}  // namespace

void bind_options(nb::module_& module) {
  nb::dict all;
  all["load"] = Describer::describe_table(ModelOptions());
  all["sampling"] = Describer::describe_table(SamplingOptions());
  all["text"] = Describer::describe_table(TextOptions());
  all["redraw"] = Describer::describe_table(RedrawOptions());
  all["story"] = Describer::describe_table(StoryOptions());
  module.attr("options") = all;
}

}  // namespace showo::python
