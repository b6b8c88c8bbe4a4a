// Model: pictures from text, and pictures changed.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"
#include "python/bindings/step.h"
#include "python/bindings/values.h"

namespace showo::python {
namespace {

using Started = std::shared_ptr<Running>;

// Of each prompt `count`, the first with the seed itself: as the command line's -n.
std::vector<Wish> wishes_of(nb::handle prompts, nb::handle count, nb::handle given) {
  const auto all = texts("prompt", prompts);
  if (all.empty()) throw UsageError("prompt: expected at least one text");
  const auto each = number<int64_t>("n", count, between(1, 1024));
  std::vector<Wish> wishes;
  for (const auto& prompt : all) {
    for (Wish& wish : several(prompt, each, seed(given))) wishes.push_back(std::move(wish));
  }
  return wishes;
}

template <class... More>
SamplingOptions sampling_of(const Loaded& loaded, nb::handle preset, const nb::dict& given,
                            More&... more) {
  SamplingOptions sampling = loaded.model().sampling(text("preset", preset));
  read_options(given, sampling, more...);
  sampling.check(loaded.model().info().image_tokens);
  return sampling;
}

nb::object shown_picture(Image&& picture) { return pixels_of(std::move(picture)); }

// [(pixels, codes or None, prompt, seed), …]
RunningTo<std::vector<Image>>::Convert with_wishes(const std::vector<Wish>& wishes,
                                                   const DrawnCodes& drawn) {
  return [=](std::vector<Image>&& pictures) -> nb::object {
    nb::list all;
    for (size_t i = 0; i < pictures.size(); ++i) {
      const nb::object codes = drawn ? codes_of(std::move(drawn->at(i))) : nb::none();
      all.append(nb::make_tuple(pixels_of(std::move(pictures[i])), codes, decoded(wishes[i].prompt),
                                wishes[i].seed));
    }
    return all;
  };
}

// `at_once`: in the engine, which may have no room (EngineFull); else as there is room.
Started generate(Loaded& loaded, nb::handle prompts, nb::handle count, nb::handle seed,
                 nb::handle preset, const nb::dict& options, const nb::object& on_step,
                 bool keep_codes, bool at_once) {
  const auto wishes = wishes_of(prompts, count, seed);
  const auto sampling = sampling_of(loaded, preset, options);
  const Stop stop;
  const auto drawn =
      keep_codes ? std::make_shared<std::vector<std::vector<int64_t>>>(wishes.size()) : nullptr;
  const auto watch = each_step(Callback("on_step", on_step), stop, drawn);
  const auto convert = with_wishes(wishes, drawn);
  if (!at_once) {
    return loaded.in_thread<std::vector<Image>>(
        [=](const Model& model) { return model.generate(wishes, sampling, watch); }, stop, convert);
  }
  return loaded.started(
      without_gil([&] { return loaded.model().start_generate(wishes, sampling, watch); }), stop,
      convert);
}

Wish wish_of(nb::handle prompt, nb::handle given) { return {text("prompt", prompt), seed(given)}; }

Started inpaint(Loaded& loaded, const Pixels& pixels, const Pixels& mask_pixels, nb::handle prompt,
                nb::handle seed, nb::handle preset, const nb::dict& options,
                const nb::object& on_step, bool at_once) {
  const Wish wish = wish_of(prompt, seed);
  const auto sampling = sampling_of(loaded, preset, options);
  const Image picture = image_of(pixels), mask = image_of(mask_pixels);
  const Stop stop;
  const auto watch = each_step(Callback("on_step", on_step), stop);
  if (!at_once) {
    return loaded.in_thread<Image>(
        [=](const Model& model) { return model.inpaint(picture, mask, wish, sampling, watch); },
        stop, shown_picture);
  }
  return loaded.started(without_gil([&] {
                          return loaded.model().start_inpaint(picture, mask, wish, sampling, watch);
                        }),
                        stop, shown_picture);
}

Side side_of(nb::handle given) {
  const std::string name = text("side", given);
  if (name == "left") return Side::kLeft;
  if (name == "right") return Side::kRight;
  if (name == "up") return Side::kUp;
  if (name == "down") return Side::kDown;
  throw OptionError("side", name, "expected left, right, up or down");
}

Started extend(Loaded& loaded, const Pixels& pixels, nb::handle given_side, nb::handle prompt,
               nb::handle given_offset, nb::handle seed, nb::handle preset, const nb::dict& options,
               const nb::object& on_step, bool at_once) {
  const Wish wish = wish_of(prompt, seed);
  const Side side = side_of(given_side);
  const auto offset = number<int64_t>("offset", given_offset, between(0, 1 << 16));
  const auto sampling = sampling_of(loaded, preset, options);
  const Image picture = image_of(pixels);
  const Stop stop;
  const auto watch = each_step(Callback("on_step", on_step), stop);
  if (!at_once) {
    return loaded.in_thread<Image>(
        [=](const Model& model) {
          return model.extend(picture, side, wish, sampling, offset, watch);
        },
        stop, shown_picture);
  }
  return loaded.started(without_gil([&] {
                          return loaded.model().start_extend(picture, side, wish, sampling, offset,
                                                             watch);
                        }),
                        stop, shown_picture);
}

Started redraw(Loaded& loaded, const Pixels& pixels, nb::handle prompt, nb::handle seed,
               nb::handle preset, const nb::dict& options, const nb::object& on_step) {
  const Wish wish = wish_of(prompt, seed);
  RedrawOptions redraw;
  const auto sampling = sampling_of(loaded, preset, options, redraw);
  const Stop stop;
  const auto watch = each_step(Callback("on_step", on_step), stop);
  return loaded.in_thread<Image>(
      [=, picture = image_of(pixels)](const Model& model) {
        return model.redraw(picture, wish, redraw, sampling, watch);
      },
      stop, shown_picture);
}

Started change(Loaded& loaded, const Pixels& pixels, nb::handle instruction, nb::handle given,
               nb::handle preset, const nb::dict& options, const nb::object& on_step) {
  const Wish wish{text("instruction", instruction), seed(given)};
  const auto sampling = sampling_of(loaded, preset, options);
  const Stop stop;
  const auto watch = each_step(Callback("on_step", on_step), stop);
  return loaded.in_thread<Image>(
      [=, picture = image_of(pixels)](const Model& model) {
        return model.change(picture, wish, sampling, watch);
      },
      stop, shown_picture);
}

nb::object encode(const Loaded& loaded, const Pixels& pixels) {
  const Model model = loaded.model();
  const Image picture = image_of(pixels);
  return codes_of(without_gil([&] { return model.encode(picture); }));
}

nb::object decode(const Loaded& loaded, const Codes& codes) {
  const Model model = loaded.model();
  return pixels_of(without_gil([&] { return model.decode(span_of(codes)); }));
}

nb::object reconstruct(const Loaded& loaded, const Pixels& pixels) {
  const Model model = loaded.model();
  const Image picture = image_of(pixels);
  return pixels_of(without_gil([&] { return model.reconstruct(picture); }));
}

// Options by name.
struct Values {
  nb::dict all;
  void operator()(auto& value, const char* key, const char*, const Range& = {}) {
    all[key] = value;
  }
};

// As the model's folder says.
nb::dict sampling(const Loaded& loaded, nb::handle preset) {
  Values values;
  sampling_of(loaded, preset, {}).visit(values);
  return values.all;
}

}  // namespace

void bind_pictures(nb::class_<Loaded>& model) {
  model.def("generate", &generate)
      .def("inpaint", &inpaint)
      .def("extend", &extend)
      .def("redraw", &redraw)
      .def("change", &change)
      .def("encode", &encode)
      .def("decode", &decode)
      .def("reconstruct", &reconstruct)
      .def("sampling", &sampling);
}

}  // namespace showo::python
