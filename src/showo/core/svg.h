// What pictures of figures share (SVG): a page with its title and style, and labels.
#pragma once

#include <string>

namespace showo::svg {

/// Pixels above what a page holds, where its title stands.
inline constexpr double kTitleHeight = 32;

/// `text` as a picture's element holds it.
std::string escaped(const std::string& text);

/// `text` at a place, from which it goes on as `anchor` says: start, middle or end.
std::string label(double x, double y, const char* anchor, const std::string& text);

/// A white page of so many pixels, the title's among them; `style` is CSS beside the texts' own.
std::string page(double width, double height, const std::string& title, const std::string& style,
                 const std::string& body);

}  // namespace showo::svg
