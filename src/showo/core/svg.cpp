#include "showo/core/svg.h"

#include <fmt/format.h>

namespace showo::svg {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  }
  return result;
}

std::string label(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

std::string page(double width, double height, const std::string& title, const std::string& style,
                 const std::string& body) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n"
      "<style>text {{ font: 11px sans-serif; fill: #333 }} .title {{ font-size: 14px }} "
      "{2}</style>\n<rect width=\"100%\" height=\"100%\" style=\"fill: #fff; stroke: none\"/>\n"
      "<text class=\"title\" x=\"8\" y=\"20\">{3}</text>\n{4}</svg>\n",
      width, height, style, escaped(title), body);
}

}  // namespace showo::svg
