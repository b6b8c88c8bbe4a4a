// Small files that stand for much memory or time are refused, or read in what their own size and
// their pixels allow; large files of everyday use are read.
#include <cstdio>  // jpeglib.h needs FILE
// clang-format off
#include <jpeglib.h>
// clang-format on
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "showo/image/decode.h"
#include "showo/image/image.h"
#include "showo/image/long_jumps.h"
#include "showo/image/png.h"
#include "tests/image/pictures.h"
#include "tests/image/png_chunks.h"
#include "tests/support/within.h"

namespace showo {
namespace {

std::string deflated(const std::string& text) {
  auto size = compressBound(text.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
           text.size());
  return out.substr(0, size);
}

const std::string kNul(1, '\0');

std::string zipped_text(const std::string& key, const std::string& text) {
  return chunk("zTXt", key + kNul + kNul + deflated(text));
}

// A picture of 2×2 with chunks between its header and its pixels.
std::string picture_with(const std::string& chunks) {
  return with_chunks(encode_png(Image(2, 2, 7)), chunks);
}

class PngTexts : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / fmt::format("showo-texts-{}.png", ::getpid());
  }
  void TearDown() override { fs::remove(path_); }
  PngText read(const std::string& bytes) const {
    write_file_atomically(path_, bytes);
    return read_png_text(path_);
  }
  std::string refusal(const std::string& bytes) const {
    try {
      read(bytes);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path path_;
};

TEST_F(PngTexts, ThatExpandBeyondAllMeasureAreRefusedAndPassedOverByTheDecoder) {
  std::string chunks;
  const std::string one = zipped_text("a", std::string(8'000'000, 'x'));
  for (int i = 0; i < 900; ++i) chunks += one;
  const std::string bytes = picture_with(chunks);
  ASSERT_LT(bytes.size(), 8u << 20);
  EXPECT_EQ(refusal(bytes),
            path_.string() + ": not a readable PNG: its texts have more than 16777216 bytes");
  if (sanitized()) GTEST_SKIP() << "the sanitizer's own map is far above any limit";
  EXPECT_TRUE(holds_within(100 << 20, [&] { return !refusal(bytes).empty(); }));
  EXPECT_TRUE(holds_within(32 << 20, [&] { return decode(bytes) == Image(2, 2, 7); }));
}

TEST_F(PngTexts, AreAtMostAThousand) {
  std::string chunks;
  for (int i = 0; i < 1000; ++i) chunks += chunk("tEXt", std::to_string(i) + kNul + "v");
  EXPECT_EQ(read(picture_with(chunks)).size(), 1000u);
  EXPECT_NE(refusal(picture_with(chunks + chunk("tEXt", "k" + kNul))).find("more than 1000 texts"),
            std::string::npos);
}

TEST_F(PngTexts, OfEverydaySizeBesideAProfileAreRead) {
  std::string text;
  for (int i = 0; text.size() < 800'000; ++i) text += fmt::format("node {} of a workflow; ", i);
  const std::string bytes =
      picture_with(chunk("iCCP", "profile" + kNul + kNul + deflated(std::string(500'000, 'p'))) +
                   zipped_text("workflow", text) +
                   chunk("iTXt", "xmp" + kNul + "\1" + kNul + "en" + kNul + kNul + deflated(text)));
  EXPECT_EQ(read(bytes), (PngText{{"workflow", text}, {"xmp", text}}));
  EXPECT_EQ(decode(bytes), Image(2, 2, 7));
}

TEST_F(PngTexts, ThatAreDamagedAreRefused) {
  const std::string packed = deflated("some text");
  for (const auto& [chunks, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {chunk("tEXt", "no value"), "a text is damaged"},
           {chunk("zTXt", "k" + kNul), "a text is damaged"},
           {chunk("zTXt", "k" + kNul + "\1" + packed), "'k' is compressed in an unknown way"},
           {chunk("zTXt", "k" + kNul + kNul + packed.substr(0, 7)), "the text 'k' is damaged"},
           {chunk("zTXt", "k" + kNul + kNul + "xyz"), "the text 'k' is damaged"},
           {chunk("zTXt", "k" + kNul + kNul), "the text 'k' is damaged"},
           {chunk("iTXt", "k" + kNul + kNul + kNul + "en"), "a text is damaged"},
           {chunk("tEXt", "k" + kNul + "v").replace(9, 1, "w"), "the checksum of its chunk 'tEXt'"},
           {number(UINT32_MAX) + "tEXt", "the file ends too early"}}) {
    const std::string message = refusal(picture_with(chunks));
    EXPECT_NE(message.find("not a readable PNG: "), std::string::npos) << message;
    EXPECT_NE(message.find(expected), std::string::npos) << expected << "\n" << message;
  }
}

// A grey picture, all of one value, whose file has a scan for each of the 64 coefficients.
std::string jpeg_of_64_scans(int side) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = info.image_height = static_cast<JDIMENSION>(side);
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  std::vector<jpeg_scan_info> scans;
  for (int k = 0; k < 64; ++k) scans.push_back({1, {0}, k, k, 0, 0});
  info.scan_info = scans.data();
  info.num_scans = 64;
  jpeg_start_compress(&info, TRUE);
  std::vector<uint8_t> row(side, 200);
  JSAMPROW rows = row.data();
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return file;
}

TEST(JpegLimits, ScansAreAsManyAsTheFilesSizeAllowsItsPixels) {
  EXPECT_EQ(decode(jpeg_of_64_scans(64)), Image(64, 64, 200));
  const std::string message = complaint(jpeg_of_64_scans(2048));
  EXPECT_EQ(message, "some.file: not a readable JPEG: more than 32 scans, too many for its size");
}

// The first 19×13 of a frame header.
std::string enlarged(std::string jpeg, int side) {
  const size_t frame = jpeg.find("\xff\xc0");
  const char bytes[] = {static_cast<char>(side >> 8), static_cast<char>(side)};
  return jpeg.replace(frame + 5, 2, bytes, 2).replace(frame + 7, 2, bytes, 2);
}

TEST(PictureLimits, SizesThatTheFilesBytesCannotHoldAreRefusedAtOnce) {
  const std::string jpeg = enlarged(read_file(kPictures / "rgb.jpg"), 7999);
  const std::string header = number(7999) + number(7999) + std::string("\x8\2\0\0\0", 5);
  const std::string png = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) +
                          chunk("IDAT", deflated(std::string(100'000, '\0'))) + chunk("IEND", "");
  for (const auto& bytes : {jpeg, png}) {
    EXPECT_NE(complaint(bytes).find("bytes cannot hold 7999×7999 pixels"), std::string::npos)
        << complaint(bytes);
    if (sanitized()) continue;
    EXPECT_TRUE(holds_within(32 << 20, [&] { return !complaint(bytes).empty(); }));
  }
}

TEST(PictureLimits, GrowWithTheFile) {
  EXPECT_EQ(pixel_limit(0), kMaxPixels);
  EXPECT_EQ(pixel_limit(4'000'000), kMaxPixels);
  EXPECT_EQ(pixel_limit(6'400'000), 102'400'000) << "a photo of 100 megapixels";
  EXPECT_EQ(pixel_limit(SIZE_MAX), 2 * kMaxPixels);
}

// Each says that a directory of 18761 entries follows, and has none.
TEST(JpegLimits, ExifBlocksTakeTimeByTheirSize) {
  const std::string whole = read_file(kPictures / "rgb.jpg");
  const std::string block = std::string(
      "\xff\xe1\0\x10"
      "Exif\0\0"
      "II*\0\0\0\0\0",
      18);
  std::string bytes = whole.substr(0, 2);
  for (int i = 0; i < 400'000; ++i) bytes += block;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(decode(bytes + whole.substr(2)), decode(whole));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(LongJumps, LeaveTheBodyAndKeepWhatItChanged) {
  LongJumps jumps;
  std::vector<int> kept;
  int steps = 0;
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(jumps.run([&] {
      for (;; ++steps) {
        kept.push_back(steps);
        if (steps % 4 == 3) ++steps, jumps.leave();
      }
    }));
    EXPECT_EQ(steps, 4 * (round + 1));
    EXPECT_EQ(std::ssize(kept), steps);
  }
  EXPECT_TRUE(jumps.run([&] { steps = -1; }));
  EXPECT_EQ(steps, -1);
}

// The decoders' own objects cannot be made then: an exception, not a jump to nowhere.
TEST(PictureLimits, HoldWhereNoMemoryIsLeft) {
  if (sanitized()) GTEST_SKIP() << "the sanitizer ends the program when memory ends";
  for (const char* name : {"rgb.png", "rgb.jpg", "lossy.webp"}) {
    const std::string bytes = read_file(kPictures / name);
    EXPECT_TRUE(holds_within(1 << 20, [&] {
      for (size_t size = 1 << 20; size >= 16; size -= size > 4096 ? size / 2 : 16) {
        while (auto* taken = static_cast<volatile char*>(std::malloc(size))) taken[0] = 1;
      }
      try {
        decode(bytes);
      } catch (const std::exception&) {
        return true;
      }
      return false;
    })) << name;
  }
}

}  // namespace
}  // namespace showo
