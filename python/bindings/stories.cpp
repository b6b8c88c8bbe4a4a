// Model: texts and pictures in turns.
#include <nanobind/stl/shared_ptr.h>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"
#include "python/bindings/step.h"
#include "python/bindings/values.h"

namespace showo::python {
namespace {

// (text, pixels, codes)
nb::tuple shown_frame(Frame frame) {
  return nb::make_tuple(decoded(frame.text), pixels_of(std::move(frame.picture)),
                        codes_of(std::move(frame.codes)));
}

nb::object shown_frames(std::vector<Frame>&& frames) {
  nb::list all;
  for (Frame& frame : frames) all.append(shown_frame(std::move(frame)));
  return all;
}

// Of (text, pixels, codes or None) each.
std::vector<Frame> frames_of(const nb::list& given) {
  std::vector<Frame> frames;
  for (nb::handle one : given) {
    const auto parts = nb::cast<nb::tuple>(one);
    Frame& frame = frames.emplace_back();
    frame.text = text("before", parts[0]);
    frame.picture = image_of(nb::cast<Pixels>(parts[1]));
    if (parts[2].is_none()) continue;
    const auto codes = nb::cast<Codes>(parts[2]);
    frame.codes.assign(codes.data(), codes.data() + codes.size());
  }
  return frames;
}

// None where nobody looks, as a frame's pixels are made for it; steps look whether to stop.
OnFrame each_frame(const Callback& on_frame) {
  if (!on_frame) return {};
  return [=](size_t index, const Frame& frame) {
    return on_frame([&] { return nb::make_tuple(index, shown_frame(frame)); });
  };
}

std::shared_ptr<Running> tell(Loaded& loaded, nb::handle given_told, const nb::list& given_before,
                              nb::handle given_seed, nb::handle preset,
                              const nb::dict& given_options, const nb::object& on_frame,
                              const nb::object& on_step) {
  StoryOptions options;
  options.sampling = loaded.model().sampling(text("preset", preset));
  read_options(given_options, options);
  const auto told = texts("told", given_told);
  const auto before = frames_of(given_before);
  if (told.empty() && before.empty())
    throw UsageError("a story begins with a text (told) or with a picture (before)");
  const Stop stop;
  const auto frames = each_frame(Callback("on_frame", on_frame));
  const auto steps = each_step(Callback("on_step", on_step), stop);
  return loaded.in_thread<std::vector<Frame>>(
      [=, number = seed(given_seed)](const Model& model) {
        return model.tell(before, told, options, number, frames, steps);
      },
      stop, shown_frames);
}

}  // namespace

void bind_stories(nb::class_<Loaded>& model) { model.def("tell", &tell); }

}  // namespace showo::python
