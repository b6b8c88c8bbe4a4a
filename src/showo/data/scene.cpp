#include "showo/data/scene.h"

#include <algorithm>

namespace showo::emoji {

const std::vector<Background>& backgrounds() {
  static const std::vector<Background> list = {
      {"white", {245, 245, 245}}, {"black", {30, 30, 34}},     {"red", {200, 70, 70}},
      {"orange", {240, 165, 90}}, {"yellow", {245, 225, 120}}, {"green", {120, 190, 120}},
      {"blue", {100, 150, 220}},  {"purple", {150, 110, 190}}, {"pink", {240, 170, 200}},
      {"brown", {135, 95, 65}},   {"grey", {140, 140, 145}},   {"turquoise", {60, 190, 185}}};
  return list;
}

const char* style_name(Style style) {
  constexpr const char* kNames[] = {"flat", "glossy", "plain"};
  return kNames[static_cast<int>(style)];
}

std::string place_at(int middle_x, int middle_y, int canvas) {
  auto third = [&](int middle) { return middle < canvas - 12 ? -1 : middle > canvas + 12 ? 1 : 0; };
  const int across = third(middle_x), down = third(middle_y);
  const std::string vertical = down < 0   ? "top"
                               : down > 0 ? "bottom"
                                          : "",
                    horizontal = across < 0   ? "left"
                                 : across > 0 ? "right"
                                              : "";
  if (vertical.empty() && horizontal.empty()) return "middle";
  return vertical.empty() || horizontal.empty() ? vertical + horizontal
                                                : vertical + " " + horizontal;
}

std::string Scene::place(size_t index, int canvas) const {
  const Object& object = objects[index];
  const int middle_x = 2 * object.x + object.size,
            middle_y = 2 * object.y + object.size;  // in half pixels
  if (layout == Layout::kSideBySide) return middle_x < canvas ? "left" : "right";
  if (layout == Layout::kStacked) return middle_y < canvas ? "top" : "bottom";
  if (layout == Layout::kQuadrants) {
    return std::string(middle_y < canvas ? "top " : "bottom ") +
           (middle_x < canvas ? "left" : "right");
  }
  return place_at(middle_x, middle_y, canvas);
}

bool Scene::one_kind() const {
  return std::all_of(objects.begin(), objects.end(),
                     [&](const Object& o) { return o.kind == objects[0].kind; });
}

Image draw(const Scene& scene, Icons& icons, int canvas) {
  Image image(canvas, canvas);
  const uint8_t* colour = backgrounds()[scene.background].rgb;
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = colour[i % 3];
  for (const Object& object : scene.objects) {
    const Icon& icon = icons.get(object.kind, object.style, object.size);
    for (int y = 0; y < object.size; ++y) {
      for (int x = 0; x < object.size; ++x) {
        const float* from = icon.rgba.data() + (static_cast<size_t>(y) * icon.size + x) * 4;
        uint8_t* to = image.pixel(object.x + x, object.y + y);
        for (int c = 0; c < 3; ++c)
          to[c] = static_cast<uint8_t>(from[c] * 255 + to[c] * (1 - from[3]) + 0.5f);
      }
    }
  }
  return image;
}

Json describe(const Scene& scene, const std::vector<Kind>& kinds) {
  Json json = {{"background", backgrounds()[scene.background].name}, {"objects", Json::array()}};
  for (const Object& object : scene.objects) {
    json["objects"].push_back({{"name", kinds[object.kind].name},
                               {"style", style_name(object.style)},
                               {"small", object.small},
                               {"size", object.size},
                               {"x", object.x},
                               {"y", object.y}});
  }
  return json;
}

}  // namespace showo::emoji
