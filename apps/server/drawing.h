// What both endpoints of pictures share: the fields of how to draw, and the answer, whole or as
// events.
#pragma once

#include <functional>

#include "apps/server/event_stream.h"
#include "apps/server/fields.h"

namespace showo::server {

/// How pictures are written.
struct Format {
  std::string name = "png";  // png, jpeg or webp
  int quality = 100;         // of jpeg and webp
  std::string encode(const Image& image, const PngText& text, int level = 6) const;
};

/// A request for pictures.
struct DrawingRequest {
  Wish wish;  // of the first
  SamplingOptions sampling;
  std::string preset = "exact";
  Format format;
  int n = 1, partial_images = 0;
  bool stream = false, progress = false;
  std::string quality = "auto";
  std::string kind;          // image_generation or image_edit, of which events speak
  int64_t image_tokens = 0;  // that the model reads
  int rounds = 1;            // of steps
  Image original;            // if there is one
  /// One picture.
  std::function<Pending<Image>(const Wish& wish, const OnStep& on_step)> start;
};

/// Reads all fields of drawing that both endpoints have.
DrawingRequest read_drawing(Service& service, Fields& fields);

/// Answers it.
void draw(Exchange& exchange, DrawingRequest request, httplib::Response& response);

}  // namespace showo::server
