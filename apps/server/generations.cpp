// POST /v1/images/generations: pictures from a text.
#include <fmt/format.h>

#include "apps/server/drawing.h"
#include "apps/server/endpoints.h"

namespace showo::server {

void generate_pictures(Exchange& exchange, const httplib::Request& request,
                       httplib::Response& response) {
  Service& service = exchange.service;
  Fields fields(parse_body(request.body));
  DrawingRequest drawing = read_drawing(service, fields);
  const int side = service.model.info().image_size;
  fields.word("size", {"auto", fmt::format("{0}x{0}", side)});
  fields.refuse("style", nullptr, "not supported; say it in the prompt");
  fields.refuse("moderation", nullptr, "not supported: nothing is moderated here");
  fields.done();
  drawing.kind = "image_generation";
  drawing.start = [model = service.model.for_client(exchange.client), sampling = drawing.sampling](
                      const Wish& wish, const OnStep& on_step) {
    return model.start_generate({wish}, sampling, on_step).then([](std::vector<Image> pictures) {
      return std::move(pictures[0]);
    });
  };
  draw(exchange, std::move(drawing), response);
}

}  // namespace showo::server
