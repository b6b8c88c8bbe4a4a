// Files of torch.save give the tensors that Python saved; archives and pickles that lie, ask for
// code or would fill the memory are refused. data/make.py writes the files of torch; the others are
// built here, part by part.
#include "showo/checkpoint/torch_bin.h"

#include <ATen/ATen.h>

#include "tests/checkpoint/scratch.h"
#include "tests/support/within.h"

namespace showo {
namespace {

class TorchBin : public Scratch {};
using Sizes = std::vector<int64_t>;
constexpr int64_t kMuch = int64_t{1} << 62;

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Stored members as APPNOTE describes them; checksums and dates are 0.
std::string zip(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string archive, directory;
  for (const auto& [name, content] : members) {
    const auto size = raw<uint32_t>(content.size()), length = raw<uint16_t>(name.size());
    directory += "PK\1\2" + std::string(16, '\0') + size + size + length + std::string(12, '\0') +
                 raw<uint32_t>(archive.size()) + name;
    archive +=
        "PK\3\4" + std::string(14, '\0') + size + size + length + raw<uint16_t>(0) + name + content;
  }
  const auto count = raw<uint16_t>(members.size());
  return archive + directory + "PK\5\6" + raw<uint32_t>(0) + count + count +
         raw<uint32_t>(directory.size()) + raw<uint32_t>(archive.size()) + raw<uint16_t>(0);
}

std::string text(const std::string& value) {
  return std::string("X") + raw<uint32_t>(value.size()) + value;
}
std::string number(int64_t value) { return "\x8a\x08" + raw(value); }
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string tuple(const std::vector<std::string>& items) {
  std::string result = "(";
  for (const auto& item : items) result += item;
  return result + "t";
}
std::string numbers(const Sizes& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(number(value));
  return tuple(items);
}

struct Parts {
  std::string kind = text("storage"), type = global("torch", "FloatStorage"), key = text("0"),
              elements = number(6), offset = number(0), shape = numbers({2, 3}),
              strides = numbers({3, 1});
};
std::string tensor(const Parts& parts = {}) {
  const auto storage =
      tuple({parts.kind, parts.type, parts.key, text("cpu"), parts.elements}) + "Q";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage, parts.offset, parts.shape, parts.strides, "\x89", "N"}) + "R";
}
std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }
std::string dictionary(const std::string& items) { return pickle("}(" + items + "u"); }

const at::Tensor kSix = at::arange(6).to(at::kFloat);

std::string six() { return {static_cast<const char*>(kSix.const_data_ptr()), 24}; }
std::string archive(const std::string& pickled) {
  return zip({{"a/data.pkl", pickled}, {"a/data/0", six()}});
}

at::Tensor counted(const Sizes& shape, at::ScalarType dtype = at::kFloat) {
  const double step = at::isFloatingType(dtype) ? 0.25 : 1;
  return (at::arange(c10::multiply_integers(shape)) * step).to(dtype).view(shape);
}

TEST_F(TorchBin, GivesEveryDtypeOfEitherProtocol) {
  const std::map<std::string, at::ScalarType> dtypes = {
      {"float64", at::kDouble},    {"float32", at::kFloat}, {"float16", at::kHalf},
      {"bfloat16", at::kBFloat16}, {"int64", at::kLong},    {"int32", at::kInt},
      {"int16", at::kShort},       {"int8", at::kChar},     {"uint8", at::kByte}};
  for (const char* file : {"dtypes.bin", "protocol4.bin"}) {
    const auto tensors = read_torch_bin(kData / file);
    ASSERT_EQ(tensors.size(), dtypes.size() + 1);
    for (const auto& [name, dtype] : dtypes) {
      EXPECT_EQ(tensors.at(name).scalar_type(), dtype);
      EXPECT_TRUE(tensors.at(name).equal(counted({2, 3}, dtype))) << name;
    }
    EXPECT_EQ(tensors.at("bool").scalar_type(), at::kBool);
    EXPECT_TRUE(tensors.at("bool").equal(at::tensor({1, 0, 1}).to(at::kBool)));
  }
}

TEST_F(TorchBin, GivesViewsOfOneStorage) {
  auto tensors = read_torch_bin(kData / "views.bin");
  const auto base = counted({4, 6});
  const TensorMap expected = {{"transposed", base.t()},
                              {"rows", base.slice(0, 1, 3)},
                              {"scalar", base[2][3]},
                              {"every_second", base.slice(1, 0, 6, 2)},
                              {"empty", at::empty({0, 3})},
                              {"expanded", at::zeros({3, 2})},
                              {"empty_view", at::empty({4, 0})},
                              {"one_more", base}};
  ASSERT_EQ(tensors.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(tensors.at(name).equal(tensor)) << name;
  }
  EXPECT_EQ(tensors["transposed"].strides(), (at::IntArrayRef{1, 6}));
  tensors["one_more"][2][3] = -1;
  EXPECT_EQ(tensors["scalar"].item<float>(), -1);
  EXPECT_TRUE(read_torch_bin(kData / "views.bin").at("one_more").equal(base));
}

TEST_F(TorchBin, GivesTheStateOfAModule) {
  const auto state = read_torch_bin(kData / "module.bin");
  const TensorMap expected = {{"first.weight", counted({2, 3})},
                              {"first.bias", counted({2})},
                              {"norm.weight", counted({2})},
                              {"norm.bias", counted({2})},
                              {"norm.running_mean", counted({2})},
                              {"norm.running_var", counted({2})},
                              {"norm.num_batches_tracked", at::scalar_tensor(0, at::kLong)}};
  ASSERT_EQ(state.size(), expected.size());
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(state.at(name).equal(tensor)) << name;
}

TEST_F(TorchBin, GivesTheStateInsideATrainingCheckpoint) {
  const auto state = read_torch_bin(kData / "training.bin");
  ASSERT_EQ(state.size(), 4u);
  EXPECT_TRUE(state.at("first.weight").equal(counted({2, 3})));
  const auto path = kData / "no_tensor.bin";
  EXPECT_EQ(complaint([&] { read_torch_bin(path); }), path.string() + ": 'epoch' is not a tensor");
}

TEST_F(TorchBin, GivesTheStateWhereverTrainingKeepsIt) {
  const std::string weights = "}(" + text("x") + tensor() + "u",
                    counter = text("epoch") + number(3);
  for (const std::string& value :
       {text("model") + weights, text("module") + weights, text("model_state_dict") + weights,
        text("model") + "}(" + text("state_dict") + weights + counter + "u"}) {
    const auto state = read_torch_bin(write("file", archive(dictionary(value + counter))));
    ASSERT_EQ(state.size(), 1u);
    EXPECT_TRUE(state.at("x").equal(kSix.view({2, 3})));
  }
}

TEST_F(TorchBin, NamesTheCodeThatAPickleAsksFor) {
  for (const auto& [file, name] : {std::pair{"system2.bin", "posix.system"},
                                   {"system4.bin", "posix.system"},
                                   {"eval2.bin", "__builtin__.eval"},
                                   {"eval4.bin", "builtins.eval"},
                                   {"object2.bin", "argparse.Namespace"},
                                   {"object4.bin", "argparse.Namespace"}}) {
    EXPECT_EQ(complaint([&, at = file] { read_torch_bin(kData / at); }),
              fmt::format("{}: the pickle asks to execute '{}'; only tensors and plain containers "
                          "are read",
                          (kData / file).string(), name));
  }
}

// An archive that does not align its storages makes copies of them necessary, one each.
TEST_F(TorchBin, GivesWhatAnUnalignedArchiveHolds) {
  const std::string items =
      text("x") + tensor() + text("row") +
      tensor({.offset = number(3), .shape = numbers({3}), .strides = numbers({1})});
  for (size_t length = 1; length <= 8; ++length) {
    const std::string root(length, 'r');
    const auto path =
        write("file", zip({{root + "/data.pkl", dictionary(items)}, {root + "/data/0", six()}}));
    auto tensors = read_torch_bin(path);
    EXPECT_TRUE(tensors.at("x").equal(kSix.view({2, 3}))) << length;
    tensors["x"].add_(1);
    EXPECT_TRUE(tensors.at("row").equal(kSix.slice(0, 3) + 1)) << length;
  }
}

TEST_F(TorchBin, ReadsNumbersOfEveryLength) {
  for (const std::string& three :
       {std::string("K\3"), std::string("M\3\0", 3), std::string("J\3\0\0\0", 5),
        std::string("\x8a\1\3"), number(3)}) {
    for (const std::string& none : {std::string("\x8a\0", 2), std::string("K\0", 2)}) {
      const auto parts = Parts{.offset = none, .shape = tuple({three}), .strides = tuple({"K\1"})};
      const auto path = write("file", archive(dictionary(text("x") + tensor(parts))));
      EXPECT_TRUE(read_torch_bin(path).at("x").equal(kSix.slice(0, 0, 3)));
    }
  }
}

TEST_F(TorchBin, RefusesTensorsThatLie) {
  const std::string outside = "a tensor reaches outside its storage '0' of 6 elements",
                    wrong = "the pickle is malformed: a tensor's description has the wrong parts";
  struct Case {
    Parts parts;
    std::string expected;
  };
  for (const auto& [parts, expected] : std::initializer_list<Case>{
           {{.elements = number(7)}, "storage '0' has 24 bytes, expected 7 elements of 4"},
           {{.elements = number(-1)}, "storage '0' has 24 bytes, expected -1 elements of 4"},
           {{.elements = number(kMuch)}, "storage '0' has 24 bytes, expected 4611686018427387904"},
           {{.type = global("torch", "DoubleStorage")}, "storage '0' has 24 bytes, expected 6"},
           {{.key = text("1")}, "storage '1' is missing"},
           {{.key = text("../data.pkl")}, "storage '../data.pkl' is missing"},
           {{.kind = text("module")}, "the pickle names something that is no storage"},
           {{.kind = number(1)}, wrong},
           {{.type = text("FloatStorage")}, wrong},
           {{.type = global("collections", "OrderedDict")}, "the pickle names a storage without"},
           {{.type = global("torch", "ComplexFloatStorage")},
            "the pickle asks to execute 'torch.ComplexFloatStorage'"},
           {{.key = number(0)}, wrong},
           {{.elements = text("6")}, wrong},
           {{.elements = number(5)}, "a tensor reaches outside its storage '0' of 5 elements"},
           {{.offset = number(1)}, outside},
           {{.offset = number(-1)}, outside},
           {{.offset = number(INT64_MAX)}, outside},
           {{.offset = number(7), .shape = numbers({0}), .strides = numbers({1})}, outside},
           {{.offset = text("0")}, wrong},
           {{.shape = numbers({3, 3})}, outside},
           {{.shape = numbers({-2, 3})}, outside},
           {{.shape = numbers({2})}, outside},
           {{.shape = numbers({kMuch, 3})}, outside},
           {{.shape = numbers({kMuch, 2}), .strides = numbers({0, 0})}, outside},
           {{.shape = numbers({0, kMuch, 2}), .strides = numbers({0, 0, 0})}, outside},
           {{.shape = numbers(Sizes(65, 1)), .strides = numbers(Sizes(65, 1))}, outside},
           {{.shape = tuple({text("2"), number(3)})}, wrong},
           {{.shape = numbers(Sizes(1 << 16, 1)), .strides = numbers(Sizes(1 << 16, 1))}, outside},
           {{.shape = numbers({1 << 20, 1 << 20}), .strides = numbers({0, 0})},
            "a tensor of 1099511627776 elements repeats its storage '0' of 6"},
           {{.key = text(std::string(256, '0'))}, "a storage's name is longer than 255 bytes"},
           {{.strides = numbers({4, 1})}, outside},
           {{.strides = numbers({3, -1})}, outside},
           {{.strides = numbers({3})}, outside},
           {{.strides = numbers({kMuch, kMuch})}, outside},
           {{.strides = "N"}, wrong}}) {
    const auto path = write("file", archive(dictionary(text("x") + tensor(parts))));
    const std::string message = complaint([&] { read_torch_bin(path); });
    EXPECT_TRUE(message.starts_with(path.string() + ": " + expected)) << expected << "\n"
                                                                      << message;
  }
}

TEST_F(TorchBin, RefusesPicklesThatMakeNoSense) {
  const std::string x = text("x");
  for (const auto& [pickled, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "the pickle ends too early"},
           {"\x80", "the pickle ends too early"},
           {std::string("X") + raw<uint32_t>(UINT32_MAX), "the pickle ends too early"},
           {"ctorch", "the pickle ends too early"},
           {"\x8a\xff", "the pickle holds a number above 64 bits"},
           {"\x80\x05.", "a pickle protocol above 4"},
           {"\x80\xff.", "a pickle protocol above 4"},
           {".", "the pickle takes from an empty stack"},
           {"t.", "the pickle takes from an empty stack"},
           {"\x87.", "the pickle takes from an empty stack"},
           {"Nt.", "the pickle takes from an empty stack"},
           {std::string("q\0.", 3), "the pickle is malformed: nothing to remember"},
           {"\x94.", "the pickle is malformed: nothing to remember"},
           {"h\1.", "the pickle is malformed: it recalls what it never kept"},
           {"NQ.", "the pickle is malformed: expected a storage"},
           {")Q.", "the pickle is malformed: a tensor's description has the wrong parts"},
           {"NNR.", "the pickle is malformed: expected arguments"},
           {"N)R.", "the pickle is malformed: expected a function"},
           {global("torch", "FloatStorage") + ")R.", "the pickle asks to execute 'torch.FloatSto"},
           {global("collections", "OrderedDict") + "N\x85R.", "the pickle fills an OrderedDict"},
           {global("torch._utils", "_rebuild_parameter") + ")R.", "the pickle is malformed: a te"},
           {"NN\x93.", "the pickle is malformed: expected a name"},
           {"Na.", "the pickle is malformed: expected a list"},
           {"}Na.", "the pickle is malformed: expected a list"},
           {"]NNs.", "the pickle is malformed: expected a dictionary"},
           {"}(Nu.", "the pickle is malformed: a key without a value"},
           {"i.", "pickle operation 0x69 is not one that torch.save writes"},
           {"N.", "expected a dictionary of tensors"},
           {"].", "expected a dictionary of tensors"},
           {"}K\1Ns.", "a key is not text"},
           {"}" + x + "Ns.", "'x' is not a tensor"},
           {"}(" + x + tensor() + x + tensor() + "u.", "tensor 'x' stands twice"}}) {
    const auto path = write("file", archive(pickled));
    const std::string message = complaint([&] { read_torch_bin(path); });
    EXPECT_TRUE(message.starts_with(path.string() + ": " + expected)) << expected << "\n"
                                                                      << message;
  }
}

TEST_F(TorchBin, RefusesArchivesThatLie) {
  const std::string pickled = dictionary(text("x") + tensor()), whole = archive(pickled);
  const size_t directory = whole.find("PK\1\2"), end = whole.rfind("PK\5\6");
  auto with = [&](size_t at, const std::string& bytes) {
    return std::string(whole).replace(at, bytes.size(), bytes);
  };
  const std::string no_zip = "not a zip archive, or truncated";
  for (const auto& [bytes, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "the file is empty"},
           {"PK", no_zip},
           {std::string(100000, 'x'), no_zip},
           {whole.substr(0, whole.size() - 1), no_zip},
           {whole.substr(end), "the archive is truncated"},
           {with(end + 16, raw<uint32_t>(3)), "the archive's directory is damaged"},
           {with(end + 10, raw<uint16_t>(3)), "the archive's directory is damaged"},
           {with(end + 16, raw<uint32_t>(UINT32_MAX)), "the archive is truncated"},
           {with(directory + 10, raw<uint16_t>(8)), "'a/data.pkl' is compressed; expected stored"},
           {with(directory + 28, raw<uint16_t>(UINT16_MAX)), "the archive is truncated"},
           {with(directory + 24, raw<uint32_t>(1)), "'a/data.pkl' is damaged"},
           {with(directory + 20, raw(uint64_t{0xfffffffefffffffe})), "'a/data.pkl' is truncated"},
           {with(directory + 20, raw(UINT64_MAX)), "'a/data.pkl' is truncated"},
           {with(directory + 42, raw<uint32_t>(1)), "'a/data.pkl' is damaged"},
           {with(directory + 42, raw<uint32_t>(UINT32_MAX)), "the archive is truncated"},
           {zip({}), "no data.pkl inside: not written by torch.save"},
           {zip({{"a/data/0", six()}}), "no data.pkl inside: not written by torch.save"},
           {zip({{"a/data.pkl", pickled}}), "storage '0' is missing"},
           {zip({{"a/data.pkl", pickled}, {"a/data.pkl", pickled}}), "'a/data.pkl' stands twice"},
           {zip({{"a/data.pkl", pickled}, {"a/data/0", six()}, {"a/byteorder", "big"}}),
            "byte order 'big', expected little"}}) {
    const auto path = write("file", bytes);
    const std::string message = complaint([&] { read_torch_bin(path); });
    EXPECT_TRUE(message.starts_with(path.string() + ": " + expected)) << expected << "\n"
                                                                      << message;
  }
}

// Two names for the same bytes; a copy is made of each where the archive does not align it.
TEST_F(TorchBin, RefusesMembersThatOverlap) {
  const std::string whole = zip({{"a/data.pkl", dictionary("")},
                                 {"a/data/0", std::string(1000, 'x')},
                                 {"a/data/1", ""},
                                 {"a/data/2", ""}});
  const size_t first = whole.rfind("a/data/0") - 46;  // its entry in the directory
  std::string lying = whole;
  for (const char* name : {"a/data/1", "a/data/2"}) {
    const size_t entry = whole.rfind(name) - 46;
    for (const size_t field : {20, 24, 42})
      lying.replace(entry + field, 4, whole.substr(first + field, 4));
  }
  EXPECT_EQ(complaint([&] { read_torch_bin(write("file", whole)); }), "");
  const auto path = write("file", lying);
  EXPECT_EQ(complaint([&] { read_torch_bin(path); }),
            path.string() + ": 'a/data/1' overlaps another member");
}

TEST_F(TorchBin, RefusesDescriptionsOfUnlikelySize) {
  const auto path = write("file", archive(std::string((16 << 20) + 1, ')')));
  const std::string expected =
      path.string() +
      ": its description of tensors has 16777217 bytes, more than the limit of 16777216";
  EXPECT_EQ(complaint([&] { read_torch_bin(path); }), expected);
  if (sanitized()) GTEST_SKIP() << "the sanitizer's own map is far above any limit";
  EXPECT_TRUE(
      holds_within(64 << 20, [&] { return complaint([&] { read_torch_bin(path); }) == expected; }));
}

TEST_F(TorchBin, RefusesZip64RecordsThatLie) {
  const std::string whole = read_file(kData / "views.bin");
  const size_t record = whole.find("PK\6\6"), locator = whole.find("PK\6\7");
  ASSERT_LT(record, locator);
  ASSERT_LT(locator, whole.size());
  for (const auto& [at, value, expected] :
       std::initializer_list<std::tuple<size_t, uint64_t, std::string>>{
           {locator + 8, 0, "the archive's zip64 record is missing"},
           {locator + 8, UINT64_MAX, "the archive is truncated"},
           {record + 32, UINT64_MAX, "the archive's directory is damaged"},
           {record + 48, 1, "the archive's directory is damaged"},
           {record + 48, UINT64_MAX - 1, "the archive is truncated"}}) {
    const auto path = write("file", std::string(whole).replace(at, 8, raw(value)));
    EXPECT_EQ(complaint([&] { read_torch_bin(path); }), path.string() + ": " + expected);
  }
}

TEST_F(TorchBin, TakesNoMoreMemoryThanItsSize) {
  if (sanitized()) GTEST_SKIP() << "the sanitizer keeps what was freed";
  const int64_t before = peak_megabytes();
  std::string repeated = text(std::string(1 << 16, 's')) + std::string("q\0", 2);
  for (int i = 0; i < 20000; ++i) repeated += std::string("h\0", 2);
  EXPECT_TRUE(read_torch_bin(write("file", archive(pickle(repeated + "}")))).empty());

  std::string views;
  for (int i = 0; i < 500; ++i) views += text(std::to_string(i)) + tensor();
  for (const std::string root : {"a", "aa"}) {  // one of them is not aligned
    const auto path = write("file", zip({{root + "/data.pkl", dictionary(views)},
                                         {root + "/data/0", std::string(1 << 20, '\0')}}));
    EXPECT_EQ(read_torch_bin(path).size(), 500u);
  }
  EXPECT_LT(peak_megabytes() - before, 200);
}

TEST_F(TorchBin, SurvivesDeepNestingAndCycles) {
  constexpr int kDepth = 200000;
  std::string nested(kDepth, ']');
  for (int i = 1; i < kDepth; ++i)
    nested +=
        "\x85\x85\x85\x85"
        "a";
  for (const std::string& value :
       {nested, std::string("]q\0h\0a", 6), std::string("}q\0h\0h\0s", 8)}) {
    EXPECT_TRUE(read_torch_bin(write("file", archive(pickle(value + "}")))).empty());
  }
}

}  // namespace
}  // namespace showo
