// JPEGs that are not quite as the standard says but whole: read, and said once.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "showo/image/decode.h"
#include "tests/image/pictures.h"

namespace showo {
namespace {

// What is logged meanwhile.
template <class Body>
std::string logged(const Body& body) {
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  auto logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  logger->set_pattern("%v");
  spdlog::set_default_logger(logger);
  body();
  spdlog::set_default_logger(before);
  return text.str();
}

std::string replaced(std::string file, const std::string& what, const std::string& with) {
  const size_t at = file.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return file.replace(at, what.size(), with);
}

struct Odd {
  std::string file, named;
};

// Each in its own place, and one with several at once.
std::vector<Odd> odd_files(const std::string& whole) {
  const std::string end = "\xff\xd9", quantisation = "\xff\xdb", jfif = std::string("JFIF\0\1", 6);
  const std::string tail = whole.substr(0, whole.size() - 2) + "\x12\x34\x56\x78" + end;
  return {{tail, "extraneous bytes before marker 0xd9"},
          {replaced(whole, quantisation, "ab" + quantisation), "2 extraneous bytes"},
          {replaced(whole, jfif, std::string("JFIF\0\7", 6)), "unknown JFIF revision number 7"},
          {replaced(tail, quantisation, "ab" + quantisation), "2 extraneous bytes"}};
}

TEST(OddJpegs, AreReadWholeAndSaidOnce) {
  const std::string whole = read_file(kPictures / "rgb.jpg");
  const Image expected = decode(whole);
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-odd-{}.jpg", ::getpid());
  for (const auto& [file, named] : odd_files(whole)) {
    EXPECT_EQ(complaint(file), "") << named;
    EXPECT_EQ(logged([&] { EXPECT_EQ(decode(file), expected); }), "") << "of a data set";
    write_file_atomically(path, file);
    const std::string said = logged([&] { EXPECT_EQ(read_image(path), expected); });
    EXPECT_TRUE(said.starts_with(path.string() + ": ")) << said;
    EXPECT_NE(said.find(named), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
  fs::remove(path);
  EXPECT_EQ(logged([&] { read_image(kPictures / "rgb.jpg"); }), "");
}

// What is missing would be grey.
TEST(OddJpegs, ThatLackPixelsAreRefused) {
  for (const char* name : {"rgb.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"}) {
    const std::string whole = read_file(kPictures / name);
    const size_t scan = whole.rfind("\xff\xda");
    const std::string cut = whole.substr(0, (scan + whole.size()) / 2);
    EXPECT_NE(complaint(cut), "") << name;
    EXPECT_NE(complaint(cut + "\xff\xd9"), "") << name << " that ends in its middle";
    EXPECT_NE(complaint(whole.substr(0, whole.size() - 2)), "") << name << " without its end";
  }
}

}  // namespace
}  // namespace showo
