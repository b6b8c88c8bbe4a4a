#include "showo/data/captions_map.h"

#include "showo/core/config.h"

namespace showo {
namespace {

struct Handler : nlohmann::json_sax<Json> {
  Handler(const std::string& name, CaptionMap& map) : name(name), map(map) {}
  bool text(string_t& value) {
    if (depth != 1) refuse("a text");
    map[current] = std::move(value);
    return true;
  }
  [[noreturn]] void refuse(const char* found) const {
    if (depth == 0) fail("{}: expected an object of captions by key, found {}", name, found);
    fail("{}: '{}': expected a caption, found {}", name, current, found);
  }
  bool key(string_t& value) override {
    current = value;
    return true;
  }
  bool string(string_t& value) override { return text(value); }
  bool start_object(size_t) override {
    if (depth++ > 0) --depth, refuse("an object");
    return true;
  }
  bool end_object() override { return --depth, true; }
  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("true or false"); }
  bool number_integer(number_integer_t) override { refuse("a number"); }
  bool number_unsigned(number_unsigned_t) override { refuse("a number"); }
  bool number_float(number_float_t, const string_t&) override { refuse("a number"); }
  bool binary(binary_t&) override { refuse("bytes"); }
  bool start_array(size_t) override { refuse("a list"); }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    fail("{}: not valid JSON: {}", name, error.what());
  }
  const std::string& name;
  CaptionMap& map;
  std::string current;
  int depth = 0;
};

}  // namespace

CaptionMap read_captions(const fs::path& path) {
  CaptionMap map;
  const std::string name = path.string();
  Handler handler(name, map);
  const auto file = MappedFile::open(path);
  const auto* text = reinterpret_cast<const char*>(file->bytes().data());
  Json::sax_parse(text, text + file->bytes().size(), &handler);
  return map;
}

}  // namespace showo
