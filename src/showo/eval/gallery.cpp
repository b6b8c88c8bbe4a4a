#include "showo/eval/gallery.h"

#include <fmt/format.h>

#include <algorithm>

#include "showo/image/png.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

// As text of a page and of an attribute in double quotes.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// RFC 4648
std::string base64(const std::string& bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t three = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    for (size_t i = 0; i < 3; ++i)
      three = three << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += i <= count ? kDigits[three >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Image small(const Image& picture) {
  const int side = std::max(picture.width, picture.height);
  if (side <= kGallerySide) return picture;
  const auto scaled = [&](int pixels) { return std::max(1, pixels * kGallerySide / side); };
  return resize_bicubic(picture, scaled(picture.width), scaled(picture.height));
}

constexpr const char* kStyle = R"(
body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;background:#fff;color:#222}
h1{font-size:1.3rem;margin:0 0 .3rem}p{margin:.2rem 0}
form{position:sticky;top:0;background:inherit;padding:.6rem 0;display:flex;gap:.6rem;flex-wrap:wrap;align-items:center}
ul{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:1rem}
li{border:1px solid #ccc;border-radius:6px;padding:.6rem;overflow-wrap:anywhere}
li.right{border-left:5px solid #2a7f3e}li.wrong{border-left:5px solid #b3261e}li[hidden]{display:none}
img{max-width:100%;margin-right:4px;image-rendering:auto}small{color:#666}
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}li{border-color:#444}small{color:#aaa}}
)";

constexpr const char* kScript = R"(
const form=document.forms[0],items=[...document.querySelectorAll('li')],count=document.getElementById('count');
function show(){const words=form.search.value.toLowerCase(),verdict=form.verdict.value,kind=form.kind.value;let shown=0;
for(const item of items){const fits=(!words||item.textContent.toLowerCase().includes(words))&&
(!verdict||item.className===verdict)&&(!kind||item.dataset.kind===kind);item.hidden=!fits;shown+=fits;}
count.textContent=shown+' of '+items.length;}
form.addEventListener('input',show);form.addEventListener('submit',e=>e.preventDefault());show();
)";

}  // namespace

Gallery::Gallery(std::string title, std::string lead)
    : title_(std::move(title)), lead_(std::move(lead)) {}

void Gallery::add(const GalleryItem& item) {
  ++items_;
  if (!item.kind.empty() && std::ranges::find(kinds_, item.kind) == kinds_.end())
    kinds_.push_back(item.kind);
  const char* verdict = !item.right ? "" : *item.right ? "right" : "wrong";
  body_ += fmt::format("<li class=\"{}\" data-kind=\"{}\">", verdict, escaped(item.kind));
  for (size_t i = 0; i < item.pictures.size(); ++i)
    body_ += fmt::format("<img alt=\"picture {}\" src=\"data:image/png;base64,{}\">", i + 1,
                         base64(encode_png(small(item.pictures[i]))));
  body_ += "<p>" + escaped(item.prompt) + "</p>";
  if (!item.answer.empty()) body_ += "<p><b>" + escaped(item.answer) + "</b></p>";
  if (!item.wanted.empty() && item.wanted != item.answer)
    body_ += "<p><small>expected: " + escaped(item.wanted) + "</small></p>";
  if (!item.kind.empty()) body_ += "<small>" + escaped(item.kind) + "</small>";
  body_ += "</li>\n";
}

void Gallery::write(const fs::path& path) const {
  std::string kinds = "<option value=\"\">all kinds</option>";
  for (const auto& kind : kinds_)
    kinds += fmt::format("<option value=\"{0}\">{0}</option>", escaped(kind));
  write_file_atomically(
      path,
      fmt::format("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n"
                  "<title>{}</title>\n<style>{}</style>\n<h1>{}</h1>\n<p>{}</p>\n"
                  "<form><input name=\"search\" type=\"search\" placeholder=\"search\" "
                  "aria-label=\"search\">\n"
                  "<select name=\"verdict\" aria-label=\"verdict\"><option value=\"\">right "
                  "and wrong</option><option value=\"right\">right</option><option "
                  "value=\"wrong\">wrong</option></select>\n"
                  "<select name=\"kind\" aria-label=\"kind\">{}</select> <span "
                  "id=\"count\"></span></form>\n<ul>\n{}</ul>\n<script>{}</script></html>\n",
                  escaped(title_), kStyle, escaped(title_), escaped(lead_), kinds, body_, kScript));
}

}  // namespace showo
