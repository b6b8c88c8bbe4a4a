// Pictures that their EXIF block turns: the same eight ways in every format.
#include "tests/image/pictures.h"
#include "tests/image/png_chunks.h"

namespace showo {
namespace {

std::string little(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

// Two entries, the second of which is the orientation, in either order of bytes.
std::string exif(int orientation, bool big) {
  const auto in_order = [&](const std::string& text) {
    return big ? std::string(text.rbegin(), text.rend()) : text;
  };
  const auto entry = [&](uint32_t tag, uint32_t value) {
    return in_order(little(tag, 2)) + in_order(little(3, 2)) + in_order(little(1, 4)) +
           in_order(little(value, 2)) + little(0, 2);
  };
  return (big ? "MM" : "II") + in_order(little(42, 2)) + in_order(little(8, 4)) +
         in_order(little(2, 2)) + entry(0x0103, 6) + entry(0x0112, orientation) + little(0, 4);
}

std::string webp_chunk(const std::string& type, const std::string& data) {
  return type + little(static_cast<uint32_t>(data.size()), 4) + data +
         std::string(data.size() % 2, '\0');
}

// The one chunk of a simple file in an extended one of 19×13, with EXIF behind it.
std::string extended(const std::string& webp, const std::string& exif) {
  constexpr char kHasExif = 8;
  const std::string chunks =
      "WEBP" + webp_chunk("VP8X", kHasExif + std::string(3, '\0') + little(18, 3) + little(12, 3)) +
      webp.substr(12) + webp_chunk("EXIF", exif);
  return "RIFF" + little(static_cast<uint32_t>(chunks.size()), 4) + chunks;
}

// EXIF 2.32, 4.6.5, as a table of where the pixel (x, y) of what is shown comes from.
Image shown(const Image& stored, int orientation) {
  const int w = stored.width, h = stored.height;
  Image result(orientation < 5 ? w : h, orientation < 5 ? h : w);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const std::pair<int, int> from[] = {
          {x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
          {y, x}, {y, h - 1 - x}, {w - 1 - y, h - 1 - x}, {w - 1 - y, x}};
      const auto [sx, sy] = from[orientation - 1];
      std::copy_n(stored.pixel(sx, sy), 3, result.pixel(x, y));
    }
  }
  return result;
}

TEST(Exif, TurnsPicturesOfEveryFormat) {
  const std::string png = read_file(kPictures / "rgb.png"),
                    interlaced = read_file(kPictures / "interlaced.png"),
                    webp = read_file(kPictures / "lossless.webp");
  const Image stored = decode(png);
  ASSERT_EQ(decode(webp), stored);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image expected = shown(stored, orientation);
    for (const bool big : {false, true}) {
      const std::string block = exif(orientation, big),
                        prefixed = std::string("Exif\0\0", 6) + block;
      for (const auto& file :
           {with_chunks(png, chunk("eXIf", block)), with_chunks(interlaced, chunk("eXIf", block)),
            png.substr(0, png.size() - 12) + chunk("eXIf", block) + chunk("IEND", ""),
            extended(webp, block), extended(webp, prefixed)}) {
        const Image image = decode(file);
        EXPECT_EQ(image, expected) << orientation;
        EXPECT_EQ(image.turned, orientation >= 5);
      }
    }
    const Image jpeg =
        decode(read_file(kPictures / fmt::format("orientation_{}.jpg", orientation)));
    EXPECT_EQ(jpeg.turned, orientation >= 5);
    EXPECT_LE(largest_difference(
                  jpeg, shown(decode(read_file(kPictures / "orientation_1.jpg")), orientation)),
              2);
  }
}

TEST(Exif, ThatIsDamagedTurnsNothing) {
  const std::string png = read_file(kPictures / "rgb.png"),
                    webp = read_file(kPictures / "lossless.webp"), whole = exif(6, false);
  const Image stored = decode(png);
  std::vector<std::string> blocks = {exif(0, false), exif(9, true), "II*", ""};
  for (size_t size = 0; size < 34; ++size) blocks.push_back(whole.substr(0, size));
  for (const auto& block : blocks) {
    EXPECT_EQ(decode(with_chunks(png, chunk("eXIf", block))), stored) << block.size();
    EXPECT_EQ(decode(extended(webp, block)), stored) << block.size();
  }
}

}  // namespace
}  // namespace showo
