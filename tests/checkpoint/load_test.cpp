// Folders and shards as they are published, and modules that take exactly what they need.
#include "showo/checkpoint/load.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/weights_folder.h"
#include "tests/checkpoint/scratch.h"

namespace showo {
namespace {

at::Tensor all(double value) { return at::full({2}, value); }

class Weights : public Scratch {
 protected:
  void shard(const std::string& name, const TensorMap& tensors) const {
    write_safetensors(folder_ / name, tensors);
  }
  void index(const std::string& json) const { write("model.safetensors.index.json", json); }
  std::string refusal() const {
    return complaint([&] { read_weights(folder_); });
  }
  std::string index_path() const { return (folder_ / "model.safetensors.index.json").string(); }
};

TEST_F(Weights, AreLookedForInTheOrderOfThePublishedNames) {
  EXPECT_EQ(refusal(), folder_.string() +
                           ": no weights: expected pytorch_model.safetensors, pytorch_model.bin, "
                           "model.safetensors or another *.safetensors, *.bin, *.pt, *.pth, "
                           "*.ckpt; found nothing");
  shard("one.safetensors", {{"x", all(1)}});
  index(R"({"weight_map":{"x":"one.safetensors"}})");
  EXPECT_TRUE(read_weights(folder_).at("x").equal(all(1)));
  fs::copy(kData / "module.bin", folder_ / "pytorch_model.bin");
  EXPECT_TRUE(read_weights(folder_).contains("first.weight"));
  shard("diffusion_pytorch_model.safetensors", {{"x", all(2)}});
  EXPECT_TRUE(read_weights(folder_).at("x").equal(all(2)));
  shard("model.safetensors", {{"x", all(3)}});
  EXPECT_TRUE(read_weights(folder_).at("x").equal(all(3)));
  shard("pytorch_model.safetensors", {{"x", all(4)}});
  EXPECT_TRUE(read_weights(folder_).at("x").equal(all(4)));
}

TEST_F(Weights, AreReadFromAFileOfEitherKind) {
  shard("any.safetensors", {{"x", all(1)}});
  EXPECT_TRUE(read_weights(folder_ / "any.safetensors").at("x").equal(all(1)));
  EXPECT_TRUE(read_weights(kData / "module.bin").contains("norm.bias"));
}

TEST_F(Weights, ThatAreNotThereAreNamed) {
  fs::create_symlink("circle", folder_ / "circle");
  for (const fs::path& path :
       {folder_ / "missing", folder_ / "circle", folder_ / std::string(5000, 'x')}) {
    EXPECT_EQ(complaint([&] { read_weights(path); }), path.string() + ": no such file or folder");
  }
}

TEST_F(Weights, ComeFromTheShardThatTheIndexNames) {
  shard("one.safetensors", {{"x", all(1)}, {"y", all(2)}});
  shard("two.safetensors", {{"x", all(3)}, {"z", all(4)}});
  index(R"({"metadata":{"total_size":24},
            "weight_map":{"y":"one.safetensors","x":"two.safetensors","z":"two.safetensors"}})");
  for (const auto& path : {folder_, fs::path(index_path())}) {
    const auto tensors = read_weights(path);
    ASSERT_EQ(tensors.size(), 3u);
    EXPECT_TRUE(tensors.at("x").equal(all(3)));
    EXPECT_TRUE(tensors.at("y").equal(all(2)));
    EXPECT_TRUE(tensors.at("z").equal(all(4)));
  }
}

TEST_F(Weights, AreTheFilesThatAreReadAndNoOthers) {
  shard("one.safetensors", {{"x", all(1)}});
  shard("two.safetensors", {{"z", all(4)}, {"y", all(4)}});
  index(R"({"weight_map":{"y":"two.safetensors","x":"one.safetensors","z":"two.safetensors"}})");
  using Names = std::vector<std::string>;
  EXPECT_EQ(weights_files(folder_),
            (Names{"model.safetensors.index.json", "one.safetensors", "two.safetensors"}));
  shard("model.safetensors", {{"x", all(3)}});
  EXPECT_EQ(weights_files(folder_), Names{"model.safetensors"});
}

TEST_F(Weights, ComeFromShardsOfTorch) {
  fs::copy(kData / "module.bin", folder_ / "pytorch_model-00001-of-00002.bin");
  fs::copy(kData / "views.bin", folder_ / "pytorch_model-00002-of-00002.bin");
  write("pytorch_model.bin.index.json", R"({"weight_map":{
    "first.bias":"pytorch_model-00001-of-00002.bin","rows":"pytorch_model-00002-of-00002.bin"}})");
  const auto tensors = read_weights(folder_);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_TRUE(tensors.at("first.bias").equal(at::tensor({0.0f, 0.25f})));
  EXPECT_EQ(tensors.at("rows").sizes(), (at::IntArrayRef{2, 6}));
}

TEST_F(Weights, MustBeWhereTheIndexSays) {
  shard("one.safetensors", {{"x", all(1)}});
  index(R"({"weight_map":{"x":"one.safetensors","y":"two.safetensors"}})");
  EXPECT_EQ(refusal(), (folder_ / "two.safetensors").string() + ": No such file or directory");
  shard("two.safetensors", {{"x", all(1)}});
  EXPECT_EQ(refusal(), fmt::format("{}: tensor 'y' is missing; {} says it is there",
                                   (folder_ / "two.safetensors").string(), index_path()));
}

TEST_F(Weights, ComeFromNoOtherFolder) {
  make_folder(folder_ / "sub");
  shard("sub/x.safetensors", {{"x", all(1)}});
  const std::string elsewhere = (folder_ / "sub" / "x.safetensors").string();
  for (const std::string& name : {std::string("../x.safetensors"), std::string("sub/x.safetensors"),
                                  std::string("./x.safetensors"), elsewhere, std::string(".."),
                                  std::string("sub/"), std::string()}) {
    index(fmt::format(R"({{"weight_map":{{"x":"{}"}}}})", name));
    EXPECT_EQ(refusal(),
              fmt::format("{}: tensor 'x': '{}' is not a file name", index_path(), name));
  }
  for (const char* name : {".", "sub"}) {
    index(fmt::format(R"({{"weight_map":{{"x":"{}"}}}})", name));
    EXPECT_EQ(refusal(), (folder_ / name).string() + ": not a regular file");
  }
}

TEST_F(Weights, NeedAnIndexThatIsOne) {
  for (const auto& [json, expected] :
       {std::pair{"{", "not valid JSON"},
        {"[]", "expected a weight_map"},
        {"{}", "expected a weight_map"},
        {R"({"weight_map":[]})", "expected a weight_map"},
        {R"({"weight_map":{"x":3}})", "tensor 'x': expected a file name"}}) {
    index(json);
    EXPECT_TRUE(refusal().starts_with(index_path() + ": " + expected)) << refusal();
  }
}

struct Small : torch::nn::Module {
  at::Tensor weight = register_parameter("weight", at::zeros({2, 3}));
  at::Tensor half = register_parameter("half", at::zeros({2}, at::kHalf));
  at::Tensor steps = register_buffer("steps", at::zeros({}, at::kLong));
};

TensorMap fitting() {
  return {{"weight", at::ones({2, 3})},
          {"half", at::full({2}, 0.5, at::kHalf)},
          {"steps", at::scalar_tensor(7, at::kLong)}};
}

TEST(LoadStrict, GivesTheModuleTheTensorsThemselves) {
  Small module;
  const auto tensors = fitting();
  load_strict(module, tensors, "source");
  for (const auto& [name, tensor] : state_of(module)) {
    EXPECT_EQ(tensor.const_data_ptr(), tensors.at(name).const_data_ptr()) << name;
  }
  EXPECT_TRUE(module.weight.equal(at::ones({2, 3})));
  EXPECT_TRUE(module.weight.requires_grad());
  EXPECT_TRUE(module.weight.is_leaf());
}

TEST(LoadStrict, ConvertsToTheModulesDtype) {
  Small module;
  auto tensors = fitting();
  for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kDouble);
  load_strict(module, tensors, "source");
  EXPECT_EQ(module.weight.scalar_type(), at::kFloat);
  EXPECT_EQ(module.half.scalar_type(), at::kHalf);
  EXPECT_EQ(module.steps.scalar_type(), at::kLong);
  for (const auto& [name, tensor] : state_of(module)) {
    EXPECT_TRUE(tensor.to(at::kDouble).equal(tensors.at(name))) << name;
  }
}

// Where all names have something in front, hundreds of missing ones would not say it.
TEST(LoadStrict, NamesWhatAllNamesHaveInFront) {
  Small module;
  TensorMap more, less;
  for (const auto& [name, tensor] : fitting()) more["net.model." + name] = tensor;
  EXPECT_EQ(complaint([&] { load_strict(module, more, "some.file"); }),
            "some.file: the names of its tensors begin with 'net.model.': 'net.model.half', "
            "expected 'half'");
  struct Outer : torch::nn::Module {
    std::shared_ptr<Small> inner = register_module("inner", std::make_shared<Small>());
  } outer;
  EXPECT_EQ(complaint([&] { load_strict(outer, fitting(), "some.file"); }),
            "some.file: the names of its tensors lack 'inner.' in front: 'half', expected "
            "'inner.half'");
}

TEST(LoadStrict, SumsUpHundredsOfTensorsThatDoNotFit) {
  Small module;
  auto tensors = fitting();
  tensors.erase("half");
  for (int i = 100; i < 400; ++i) tensors[fmt::format("layers.{}", i)] = at::ones({1});
  EXPECT_EQ(complaint([&] { load_strict(module, tensors, "some.file"); }),
            "some.file: 301 tensors do not fit (1 missing, 0 of another shape, 300 unexpected): "
            "tensor 'half' [2] is missing; tensor 'layers.100' is unexpected; tensor 'layers.101' "
            "is unexpected; tensor 'layers.102' is unexpected; … tensor 'layers.399' is "
            "unexpected");
}

TEST(LoadStrict, RefusesANumberThatTheDtypeCannotHold) {
  const auto complaint_of = [](const char* name, const at::Tensor& value) {
    Small module;
    auto tensors = fitting();
    tensors[name] = value;
    return complaint([&] { load_strict(module, tensors, "some.file"); });
  };
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kDouble}) {
    EXPECT_EQ(complaint_of("half", at::full({2}, 60000, dtype)), "");
    EXPECT_NE(complaint_of("half", at::full({2}, -70000, dtype)).find("some.file: tensor 'half'"),
              std::string::npos);
  }
  EXPECT_EQ(complaint_of("half", at::full({2}, 131072.0)),
            "some.file: tensor 'half' holds a value of 131072, which Half cannot hold (at most "
            "65504)");
  EXPECT_EQ(complaint_of("half", at::full({2}, std::nan(""))),
            "some.file: tensor 'half' holds a value that is not finite");
  EXPECT_NE(complaint_of("weight", at::full({2, 3}, 1e300, at::kDouble)).find("tensor 'weight'"),
            std::string::npos);
  EXPECT_NE(complaint_of("steps", at::scalar_tensor(0.5)).find("tensor 'steps'"),
            std::string::npos);
  EXPECT_EQ(complaint_of("weight", at::ones({2, 3}, at::kChar)),
            "some.file: tensor 'weight' is Char, expected a floating-point dtype");
}

TEST(LoadStrict, ListsAllThatDoesNotFitAndLoadsNothing) {
  Small module;
  auto tensors = fitting();
  tensors.erase("half");
  tensors["weight"] = at::ones({3, 2});
  tensors["bias"] = tensors["head.bias"] = at::ones({2});
  EXPECT_EQ(complaint([&] { load_strict(module, tensors, "some.file"); }),
            "some.file: 4 tensors do not fit: tensor 'half' [2] is missing; "
            "tensor 'weight' is [3, 2], expected [2, 3]; tensor 'bias' is unexpected; "
            "tensor 'head.bias' is unexpected");
  EXPECT_EQ(module.steps.item<int64_t>(), 0);
  tensors = fitting();
  tensors["steps"] = at::ones({1}, at::kLong);
  EXPECT_EQ(complaint([&] { load_strict(module, tensors, "some.file"); }),
            "some.file: tensor 'steps' is [1], expected []");
}

TEST(LoadStrict, IgnoresWhatItIsToldTo) {
  Small module;
  auto tensors = fitting();
  tensors["head.bias"] = tensors["head.weight"] = at::ones({2});
  load_strict(module, tensors, "some.file", {"tail.", "head."});
  EXPECT_EQ(module.steps.item<int64_t>(), 7);
  tensors["overhead.bias"] = at::ones({2});
  EXPECT_EQ(complaint([&] { load_strict(module, tensors, "some.file", {"head."}); }),
            "some.file: tensor 'overhead.bias' is unexpected");
}

// A whole row, a tail of a few, a transposed weight: every element counts.
TEST(CheckFinite, NamesTheTensorWithAnInfinityOrNoNumber) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble}) {
    Small module;
    module.weight.set_data(at::full({3, 70000}, 60000, dtype).t());
    EXPECT_EQ(complaint([&] { check_finite(module, "a.file"); }), "");
    for (const double value : {kInfinity, -kInfinity, std::nan("")}) {
      for (const int64_t at : {0, 69999}) {
        auto broken = at::full({3, 70000}, -1, dtype);
        broken[at == 0 ? 0 : 2][at] = value;
        for (const auto& tensor : {broken, broken.t()}) {
          module.weight.set_data(tensor);
          EXPECT_EQ(complaint([&] { check_finite(module, "a.file"); }),
                    "a.file: tensor 'weight' holds a value that is not finite");
        }
      }
    }
  }
}

}  // namespace
}  // namespace showo
