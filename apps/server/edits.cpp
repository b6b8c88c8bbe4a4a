// POST /v1/images/edits: a picture changed under a mask, extended beyond a side, drawn again by
// another text, or changed by an instruction.
#include <fmt/format.h>

#include "apps/server/drawing.h"
#include "apps/server/endpoints.h"
#include "apps/server/form.h"

namespace showo::server {
namespace {

Side side_of(const std::string& name) {
  static const std::map<std::string, Side> sides = {
      {"left", Side::kLeft}, {"right", Side::kRight}, {"up", Side::kUp}, {"down", Side::kDown}};
  return sides.at(name);
}

std::optional<Image> mask_of(Service& service, Form& form) {
  const auto alpha = form.file("mask"), white = form.file("mask_image");
  if (alpha && white)
    throw ApiError(400, "mask and mask_image: expected one of them", "mask_image");
  if (alpha) return service.mask(*alpha, "mask", Marked::kTransparent);
  if (white) return service.mask(*white, "mask_image", Marked::kWhite);
  return {};
}

}  // namespace

void edit_picture(Exchange& exchange, const httplib::Request& request,
                  httplib::Response& response) {
  Service& service = exchange.service;
  Form form(request);
  const auto files = form.files({"image", "image[]"});
  if (files.empty()) throw ApiError(400, "image is missing", "image");
  if (files.size() > 1)
    throw ApiError(400, fmt::format("image: {} pictures, expected one", files.size()), "image");
  const Image picture = service.picture(files[0], "image");
  const auto mask = mask_of(service, form);
  form.done();

  Fields& fields = form.fields();
  DrawingRequest drawing = read_drawing(service, fields);
  const auto direction = fields.word("direction", {"left", "right", "up", "down"});
  const auto offset = fields.whole("offset", between(0, 1 << 16));
  const auto strength = fields.number("strength", above(0, 1));
  const auto rounds = fields.whole("rounds", between(1, 64));
  const auto size = fields.text("size");
  fields.refuse("input_fidelity", nullptr, "not supported: what is not drawn anew is kept exactly");
  fields.done();
  if (offset && !direction) fields.fail("offset", ": only with direction");
  if (rounds && !strength) fields.fail("rounds", ": only with strength");
  if (static_cast<int>(mask.has_value()) + direction.has_value() + strength.has_value() > 1)
    throw ApiError(400, "mask, direction and strength: expected one of them at most",
                   mask ? "mask" : "strength");

  if (!mask && !direction && !strength && !service.model.info().stories) {
    throw ApiError(400,
                   "mask, direction and strength: expected one of them, as this model has not "
                   "learned to follow instructions",
                   "mask");
  }

  const auto model = service.model.for_client(exchange.client);
  const auto sampling = drawing.sampling;
  drawing.kind = "image_edit";
  drawing.image_tokens = model.info().image_tokens;
  Service* const shop = &service;  // reads pictures for the engine
  if (mask) {
    drawing.start = [=](const Wish& wish, const OnStep& on_step) {
      return shop->workshop.make(
          [&] { return model.start_inpaint(picture, *mask, wish, sampling, on_step); });
    };
  } else if (direction) {
    const Side side = side_of(*direction);
    drawing.start = [=](const Wish& wish, const OnStep& on_step) {
      return shop->workshop.make([&] {
        return model.start_extend(picture, side, wish, sampling, offset.value_or(0), on_step);
      });
    };
  } else if (strength) {
    RedrawOptions redraw;
    redraw.strength = *strength;
    if (rounds) redraw.rounds = static_cast<int>(*rounds);
    drawing.rounds = redraw.rounds;
    drawing.start = [=](const Wish& wish, const OnStep& on_step) {
      return shop->workshop.make(
          [&] { return model.start_redraw(picture, wish, redraw, sampling, on_step); });
    };
  } else {
    drawing.start = [=](const Wish& wish, const OnStep& on_step) {
      return shop->workshop.make(
          [&] { return model.start_change(picture, wish, sampling, on_step); });
    };
  }
  // Under a mask and beyond a side the picture keeps its own pixels, elsewhere it is the model's.
  const std::string own = fmt::format("{}x{}", picture.width, picture.height),
                    model_own = fmt::format("{0}x{0}", model.info().image_size);
  const std::string& expected = mask || direction ? own : model_own;
  if (size && *size != "auto" && (direction || *size != expected))
    fields.fail("size",
                fmt::format(" {}: expected auto{}", *size, direction ? "" : " or " + expected));
  draw(exchange, std::move(drawing), response);
}

}  // namespace showo::server
