// The extension module showo._showo: include/showo as the Python in ../showo needs it. It checks
// what it is given; how it looks to people is Python's part.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <torch/version.h>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"
#include "python/bindings/values.h"
#include "showo/core/log.h"
#include "showo/core/yaml_config.h"
#include "showo/home.h"

namespace showo::python {
namespace {

std::shared_ptr<Loaded> load(const std::string& folder, const nb::dict& given) {
  ModelOptions options;
  read_options(given, options);
  const WithoutGil no_gil;
  return std::make_shared<Loaded>(folder, options);
}

nb::dict info_of(const Loaded& loaded) {
  const ModelInfo& info = loaded.model().info();
  nb::dict all;
  all["folder"] = decoded(info.folder);
  all["vision"] = info.vision;
  all["image_size"] = info.image_size;
  all["image_tokens"] = info.image_tokens;
  all["codes"] = info.codes;
  all["prompt_tokens"] = info.prompt_tokens;
  all["positions"] = info.positions;
  return all;
}

nb::object tokens_of(const Loaded& loaded, nb::handle given) {
  return codes_of(loaded.model().tokenize(text("text", given)));
}

// Bytes that are no whole character, as a part of a text may end in, are replaced.
nb::object text_of(const Loaded& loaded, const Codes& ids) {
  return decoded(loaded.model().detokenize(span_of(ids)));
}

}  // namespace

NB_MODULE(_showo, module) {
  nb::set_leak_warnings(false);  // a model may live until the interpreter's end
  start_logging();
  bind_errors(module);
  bind_options(module);
  bind_running(module);
  bind_step(module);
  module.attr("torch_version") = TORCH_VERSION;
  module.def("inside_callback", &inside_callback);
  module.def("end_callbacks", &end_callbacks);
  module.def("shared_path", [](nb::handle name) { return shared_path(text("name", name)); });
  module.def("read_recipe", [](nb::handle path) { return read_yaml(text("recipe", path)).dump(); });
  module.def("read_image",
             [](nb::handle path) { return pixels_of(read_image(text("path", path))); });
  module.def("read_mask", [](nb::handle path, bool inverted) {
    return pixels_of(read_mask(text("path", path), inverted));
  });
  auto model = nb::class_<Loaded>(module, "Model");
  module.def("load", &load);
  model.def_prop_ro("closed", &Loaded::closed);
  model.def("close", &Loaded::close);
  model.def("info", &info_of);
  model.def("tokenize", &tokens_of);
  model.def("detokenize", &text_of);
  bind_pictures(model);
  bind_answers(module, model);
  bind_stories(model);
}

}  // namespace showo::python
