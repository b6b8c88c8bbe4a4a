// The texts of a PNG: its chunks tEXt, zTXt and iTXt (PNG specification, third edition, 11.3.3),
// before and behind the pixels. They are read here and not by libpng, so that one limit holds for
// all of a file's texts: each compressed one can stand for a thousand times its size.
#include <zlib.h>

#include <memory>
#include <new>

#include "showo/core/error.h"
#include "showo/image/magic.h"
#include "showo/image/png.h"

namespace showo {
namespace {

constexpr size_t kMostTexts = 1000, kMostBytes = 16 << 20;

class TextReader {
 public:
  TextReader(std::string_view file, const std::string& name) : rest_(file), name_(name) {}

  PngText read() {
    PngText texts;
    take(8);  // the signature
    for (size_t count = 0;;) {
      const Chunk chunk = next_chunk();
      if (chunk.type == "IEND") return texts;
      if (chunk.type != "tEXt" && chunk.type != "zTXt" && chunk.type != "iTXt") continue;
      if (++count > kMostTexts) refuse(fmt::format("more than {} texts", kMostTexts));
      std::string_view data = chunk.data;
      const std::string key(take_word(data));
      texts[key] = value(chunk.type, data, key);
    }
  }

 private:
  struct Chunk {
    std::string_view type, data;
  };

  [[noreturn]] void refuse(const std::string& what) const {
    fail("{}: not a readable PNG: {}", name_, what);
  }

  std::string_view take(size_t count) {
    if (count > rest_.size()) refuse("the file ends too early");
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  uint32_t number() {
    uint32_t value = 0;
    for (const char byte : take(4)) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }

  Chunk next_chunk() {
    const uint32_t length = number();
    const auto body = take(size_t{4} + length);  // the type belongs to what the checksum covers
    const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
    if (crc32_z(crc32_z(0, nullptr, 0), bytes, body.size()) != number())
      refuse(fmt::format("the checksum of its chunk '{}' is wrong", body.substr(0, 4)));
    return {body.substr(0, 4), body.substr(4)};
  }

  // Up to a zero byte, which goes too.
  std::string_view take_word(std::string_view& data) const {
    const size_t end = data.find('\0');
    if (end == std::string_view::npos) refuse("a text is damaged");
    const auto word = data.substr(0, end);
    data.remove_prefix(end + 1);
    return word;
  }

  uint8_t take_byte(std::string_view& data) const {
    if (data.empty()) refuse("a text is damaged");
    const auto byte = static_cast<uint8_t>(data.front());
    data.remove_prefix(1);
    return byte;
  }

  // What follows the key.
  std::string value(std::string_view type, std::string_view data, const std::string& key) {
    bool compressed = type == "zTXt";
    if (type == "iTXt") compressed = take_byte(data) != 0;
    if (type != "tEXt" && take_byte(data) != 0)
      refuse(fmt::format("the text '{}' is compressed in an unknown way", key));
    if (type == "iTXt") take_word(data), take_word(data);  // its language, and the key in it
    std::string text = compressed ? inflated(data, key) : std::string(data);
    if (text.size() > left_) refuse_size();
    left_ -= text.size();
    return text;
  }

  [[noreturn]] void refuse_size() const {
    refuse(fmt::format("its texts have more than {} bytes", kMostBytes));
  }

  std::string inflated(std::string_view data, const std::string& key) const {
    constexpr size_t kPiece = 1 << 16;
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    std::string text;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      const size_t done = text.size();
      if (done > left_) refuse_size();
      text.resize(done + kPiece);
      stream.next_out = reinterpret_cast<Bytef*>(text.data() + done);
      stream.avail_out = kPiece;
      status = inflate(&stream, Z_NO_FLUSH);
      text.resize(done + kPiece - stream.avail_out);
      // Input that is used up before the stream's end gives Z_BUF_ERROR.
      if (status != Z_OK && status != Z_STREAM_END)
        refuse(fmt::format("the text '{}' is damaged", key));
    }
    return text;
  }

  std::string_view rest_;
  const std::string& name_;
  size_t left_ = kMostBytes;
};

}  // namespace

PngText read_png_text(const fs::path& path) {
  const auto file = MappedFile::open(path);
  if (!is_png(file->bytes())) fail("{}: not a PNG picture", path.string());
  const std::string name = path.string();
  return TextReader({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()},
                    name)
      .read();
}

}  // namespace showo
