// Safetensors come back as they were written, alias their file, and are refused where their header
// lies.
#include "showo/checkpoint/safetensors.h"

#include <ATen/ATen.h>
#include <sys/stat.h>

#include "tests/checkpoint/scratch.h"

namespace showo {
namespace {

class Safetensors : public Scratch {};

std::string file_of(const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + data;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":{}}})", dtype, shape, offsets);
}

TEST_F(Safetensors, ComeBackAsTheyWereWritten) {
  TensorMap tensors = {{"empty", at::empty({0, 3})},
                       {"scalar", at::scalar_tensor(2.5)},
                       {"transposed", at::arange(6).view({2, 3}).t()},
                       {"a \"name\"\n猫", at::ones({2, 1})}};
  for (const auto dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                           at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors[c10::toString(dtype)] = (at::arange(7) - 3).to(dtype);
  }
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"step", "3"}};
  write_safetensors(folder_ / "file", tensors, metadata);
  const auto file = read_safetensors(folder_ / "file");
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const auto& read = file.tensors.at(name);
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.equal(tensor)) << name;
  }
}

TEST_F(Safetensors, MayHoldNothing) {
  write_safetensors(folder_ / "file", {}, {});
  const auto file = read_safetensors(folder_ / "file");
  EXPECT_TRUE(file.tensors.empty());
  EXPECT_TRUE(file.metadata.empty());
}

TEST_F(Safetensors, AreReadAsTheFormatDescribes) {
  const std::string header = R"({"b":)" + entry("F16", "[2, 1]", "[2,6]") + R"(, "a":)" +
                             entry("BF16", "[]", "[0,2]") + R"(, "__metadata__":{"k":"v"}}   )";
  const auto path = write("file", file_of(header, std::string("\x80\x3f\x00\x3c\x00\xc0", 6)));
  const auto file = read_safetensors(path);
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_TRUE(file.tensors.at("a").equal(at::scalar_tensor(1, at::kBFloat16)));
  EXPECT_TRUE(file.tensors.at("b").equal(at::tensor({1.0, -2.0}).to(at::kHalf).view({2, 1})));
}

TEST_F(Safetensors, OutliveTheirFileAndNeverChangeIt) {
  const auto path = folder_ / "file", copy = folder_ / "copy";
  write_safetensors(path, {{"x", at::ones({1000})}});
  auto trained = read_safetensors(path).tensors.at("x");
  const auto other = read_safetensors(path).tensors.at("x");
  trained.add_(1);
  fs::copy(path, copy);
  fs::remove(path);
  EXPECT_TRUE(trained.equal(at::full({1000}, 2.0)));
  EXPECT_TRUE(other.equal(at::ones({1000})));
  EXPECT_TRUE(read_safetensors(copy).tensors.at("x").equal(at::ones({1000})));
}

TEST_F(Safetensors, AreRefusedWhereTheHeaderLies) {
  const std::string x = R"({"x":)", fits = entry("F32", "[2]", "[0,8]");
  auto alone = [&](const char* dtype, const char* shape, const char* offsets) {
    return x + entry(dtype, shape, offsets) + "}";
  };
  struct Case {
    std::string header;
    size_t data;
    const char* expected;
  };
  std::string many = "[8";
  for (int i = 0; i < 64; ++i) many += ",1";
  many += "]";
  for (const auto& [header, data, expected] : std::initializer_list<Case>{
           {"", 8, "the header is not valid JSON"},
           {"{", 8, "the header is not valid JSON"},
           {"{}}", 0, "the header is not valid JSON"},
           {"{\"\xff\":0}", 0, "the header is not valid JSON"},
           {"[]", 0, "the header is not an object"},
           {"null", 0, "the header is not an object"},
           {std::string(100000, '['), 0, "the header is nested too deeply"},
           {x + std::string(100000, '['), 0, "the header is nested too deeply"},
           {R"({"__metadata__":3})", 0, "__metadata__ is not an object"},
           {R"({"__metadata__":{"k":3}})", 0, "__metadata__ 'k' is not text"},
           {x + "3}", 0, "tensor 'x': expected dtype, shape and data_offsets in the header"},
           {x + R"({"dtype":"F32","shape":[2]}})", 8, "tensor 'x': expected dtype, shape and"},
           {alone("F32", "2", "[0,8]"), 8, "tensor 'x': expected dtype, shape and"},
           {alone("F32", "[2]", "[0,4,8]"), 8, "tensor 'x': expected dtype, shape and"},
           {alone("F8_E4M3", "[8]", "[0,8]"), 8, "tensor 'x': dtype 'F8_E4M3' is not supported"},
           {alone("F32", "[-2]", "[0,8]"), 8, "tensor 'x': expected a whole number, found -2"},
           {alone("F32", "[2.0]", "[0,8]"), 8, "tensor 'x': expected a whole number, found 2.0"},
           {alone("F32", "[[2]]", "[0,8]"), 8, "tensor 'x': expected a whole number, found [2]"},
           {alone("F32", "[18446744073709551618]", "[0,8]"), 8, "tensor 'x': expected a whole"},
           {alone("U8", "[18446744073709551615]", "[0,8]"), 8, "tensor 'x': its shape overflows"},
           {alone("F32", "[4294967296,4294967297]", "[0,8]"), 8, "tensor 'x': its shape overflows"},
           {alone("U8", "[0,4611686018427387904,2]", "[0,0]"), 0, "tensor 'x': its shape overflow"},
           {alone("U8", many.c_str(), "[0,8]"), 8,
            "tensor 'x': 65 dimensions, expected at most 64"},
           {alone("F32", "[2]", "[-8,0]"), 8, "tensor 'x': expected a whole number, found -8"},
           {alone("F32", "[2]", "[8,0]"), 8, "tensor 'x': bytes 8 to 0 lie outside the file's 8"},
           {alone("F32", "[2]", "[4,12]"), 8, "tensor 'x': bytes 4 to 12 lie outside the file's 8"},
           {alone("U8", "[8]", "[18446744073709551608,18446744073709551615]"), 8,
            "tensor 'x': bytes 18446744073709551608 to 18446744073709551615 lie outside"},
           {alone("F32", "[3]", "[0,8]"), 8,
            "tensor 'x': 8 bytes in the file, expected 12 from shape and dtype"},
           {alone("F32", "[]", "[0,8]"), 8, "tensor 'x': 8 bytes in the file, expected 4"},
           {alone("F32", "[0,2]", "[0,8]"), 8, "tensor 'x': 8 bytes in the file, expected 0"},
           {alone("F32", "[2]", "[4,12]"), 12, "4 bytes before tensor 'x' belong to none"},
           {alone("F32", "[2]", "[0,8]"), 12, "4 bytes at the end belong to no tensor"},
           {"{}", 4, "4 bytes at the end belong to no tensor"},
           {x + fits + R"(,"y":)" + entry("F32", "[2]", "[4,12]") + "}", 12,
            "tensor 'y' overlaps the one before it"},
           {x + fits + R"(,"y":)" + fits + "}", 8, "tensor 'y' overlaps the one before it"},
           {x + fits + R"(,"x":)" + fits + "}", 8, "tensor 'x' stands twice in the header"}}) {
    const auto path = write("file", file_of(header, std::string(data, '\0')));
    const std::string message = complaint([&] { read_safetensors(path); });
    EXPECT_TRUE(message.starts_with(path.string() + ": " + expected))
        << header.substr(0, 200) << "\n"
        << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST_F(Safetensors, AreRefusedWhereTheHeadersLengthLies) {
  for (const uint64_t size : {uint64_t{3}, uint64_t{1} << 32, INT64_MAX - uint64_t{7},
                              uint64_t{1} << 63, UINT64_MAX - 7, UINT64_MAX}) {
    const std::string length(reinterpret_cast<const char*>(&size), 8);
    const auto path = write("file", length + "{}");
    EXPECT_EQ(complaint([&] { read_safetensors(path); }),
              fmt::format("{}: the header says it has {} bytes, the file has 10: truncated or not "
                          "safetensors",
                          path.string(), size));
  }
}

TEST_F(Safetensors, AreRefusedWhenCutAnywhere) {
  write_safetensors(folder_ / "whole", {{"x", at::ones({3})}, {"y", at::ones({2})}});
  const std::string whole = read_file(folder_ / "whole");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto path = write("cut", whole.substr(0, size));
    EXPECT_TRUE(complaint([&] { read_safetensors(path); }).starts_with(path.string() + ": "))
        << size;
  }
}

TEST_F(Safetensors, AreRegularFiles) {
  const auto pipe = folder_ / "pipe", missing = folder_ / "missing";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& [path, expected] : {std::pair{pipe, "not a regular file"},
                                       {folder_, "not a regular file"},
                                       {missing, "No such file or directory"}}) {
    EXPECT_EQ(complaint([&, at = path] { read_safetensors(at); }), path.string() + ": " + expected);
  }
}

}  // namespace
}  // namespace showo
