// Thousands of damaged files: each decodes or is refused by an Error; a crash, a hang or another
// exception fails.
#include <unistd.h>

#include <fstream>
#include <random>

#include "showo/image/png.h"
#include "tests/image/pictures.h"

namespace showo {
namespace {

constexpr int kRounds = 3000;
constexpr int64_t kMaxFuzzedPixels = 1 << 18;

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

// Without this nearly every change of a PNG ends at the checksum of its chunk.
void mend_checksums(std::string& png) {
  for (size_t at = 8; at + 12 <= png.size();) {
    size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(png[at + i]);
    if (length > png.size() - at - 12) return;
    const uint32_t crc = crc32(std::string_view(png).substr(at + 4, length + 4));
    for (int i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<char>(crc >> 8 * (3 - i));
    at += length + 12;
  }
}

std::string damaged(std::string bytes, std::mt19937& random) {
  auto below = [&](size_t n) { return random() % n; };
  for (size_t i = 0, changes = 1 + below(4); i < changes; ++i) {
    char& byte = bytes[below(bytes.size())];
    switch (below(3)) {
      case 0:
        byte = static_cast<char>(byte ^ 1 << below(8));
        break;
      case 1:
        byte = static_cast<char>(random());
        break;
      default:
        byte = below(2) ? '\xff' : '\0';
    }
  }
  if (below(8) == 0) bytes.resize(below(bytes.size()));
  if (below(8) == 0) bytes.insert(below(bytes.size() + 1), bytes.substr(bytes.size() / 2));
  return bytes;
}

class Damaged : public testing::TestWithParam<std::string> {};

TEST_P(Damaged, DecodesOrIsRefused) {
  const std::string whole = read_file(kPictures / GetParam());
  const bool png = GetParam().ends_with(".png");
  std::mt19937 random(17);
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = damaged(whole, random);
    if (png && round % 4 != 0) mend_checksums(bytes);
    try {
      const Image image = decode(bytes, kMaxFuzzedPixels);
      ASSERT_EQ(image.rgb.size(), size_t{3} * image.width * image.height) << round;
      ASSERT_GE(image.rgb.size(), 3u) << round;
    } catch (const Error& error) {
      ++refused;
      ASSERT_TRUE(std::string(error.what()).starts_with("some.file: ")) << error.what();
    } catch (const std::exception& error) {
      FAIL() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(DamagedTexts, AreReadOrRefused) {
  const std::string whole = read_file(kPictures / "texts.png");
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-fuzz-{}.png", ::getpid());
  std::mt19937 random(17);
  int read = 0;
  for (int round = 0; round < kRounds / 4; ++round) {
    std::string bytes = damaged(whole, random);
    if (round % 4 != 0) mend_checksums(bytes);
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      read_png_text(path);
      ++read;
    } catch (const Error& error) {
      ASSERT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
    }
  }
  fs::remove(path);
  EXPECT_GT(read, 0);
}

INSTANTIATE_TEST_SUITE_P(Pictures, Damaged, testing::ValuesIn(kReadable), test_name);

}  // namespace
}  // namespace showo
