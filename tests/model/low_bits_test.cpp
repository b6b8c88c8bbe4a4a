// A Show-o with rounded weights: close to the exact one, and the same from memory and from disk.
#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/model/folder.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

class LowBitModels : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-low-bits-{}", ::getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  ModelPaths paths() const { return ModelPaths::in(folder_); }

  static Tensor logits(Showo& model) {
    torch::NoGradGuard no_grad;
    Row row;
    for (int64_t id = 0; id < 20; ++id) row.append_text(Ids(&id, 1));
    return model->logits(model->hidden(pack({row})));
  }
  static std::string complaint(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path folder_;
};

TEST_F(LowBitModels, StayCloseToTheExactOne) {
  for (const auto& [bits, similarity] : {std::pair{8, 0.9995}, {4, 0.97}}) {
    Showo exact = tiny_showo(5, tiny_llm(4, 16)), rounded = tiny_showo(5, tiny_llm(4, 16));
    rounded->round_weights(LowBits::of(bits));
    const auto a = logits(exact).flatten(), b = logits(rounded).flatten();
    EXPECT_GT(torch::cosine_similarity(a, b, 0).item<double>(), similarity) << bits;
    EXPECT_FALSE(torch::equal(a, b));
    // Codes alone come from the same product.
    torch::NoGradGuard no_grad;
    const auto hidden = torch::randn({3, 64});
    const auto& v = rounded->vocabulary;
    EXPECT_TRUE(torch::equal(rounded->image_logits(hidden),
                             rounded->logits(hidden).narrow(1, v.image_offset, v.codebook_size)));
  }
}

TEST_F(LowBitModels, AreTheSameRoundedInMemoryAtLoadAndFromAFolder) {
  for (int bits : {8, 4}) {
    Showo model = tiny_showo(6);
    save_showo(folder_, model);
    model->round_weights(LowBits::of(bits));
    const auto expected = logits(model);
    Showo at_load = load_showo(paths(), torch::kFloat, torch::kCPU, LowBits::of(bits));
    EXPECT_TRUE(torch::equal(logits(at_load), expected));
    save_showo(folder_, at_load);
    Showo from_folder = load_showo(paths());
    EXPECT_EQ(from_folder->low_bits->bits, bits);
    EXPECT_TRUE(torch::equal(logits(from_folder), expected));
    EXPECT_NO_THROW(load_showo(paths(), torch::kFloat, torch::kCPU, LowBits::of(bits)));
    EXPECT_THROW(load_showo(paths(), torch::kFloat, torch::kCPU, LowBits::of(12 - bits)),
                 UsageError);
  }
}

TEST_F(LowBitModels, LiesInTheFolderAreNamed) {
  Showo model = tiny_showo(7);
  model->round_weights(LowBits::of(8));
  save_showo(folder_, model);
  const Json honest = read_json(folder_ / "config.json");
  const auto with = [&](const std::function<void(Json&)>& change) {
    Json config = honest;
    change(config["quantization_config"]);
    write_file_atomically(folder_ / "config.json", config.dump());
    return complaint([&] { load_showo(paths()); });
  };
  EXPECT_EQ(with([](Json&) {}), "");
  EXPECT_NE(with([](Json& q) { q["bits"] = 4; }).find("weight_codes"), std::string::npos);
  EXPECT_NE(with([](Json& q) { q["bits"] = 3; }).find("bits: expected 4 to 8, found 3"),
            std::string::npos);
  EXPECT_NE(with([](Json& q) { q["group"] = 31; }).find("group 31"), std::string::npos);
  EXPECT_NE(with([](Json& q) { q["quant_method"] = "gptq"; }).find("quant_method"),
            std::string::npos);
  EXPECT_NE(with([](Json& q) { q = 8; }).find("quant_method"), std::string::npos);
}

TEST_F(LowBitModels, AWeightThatIsNotFiniteIsNamed) {
  Showo model = tiny_showo(8);
  torch::NoGradGuard no_grad;
  model->named_parameters()["showo.model.layers.1.mlp.fc1.weight"][3][2] = NAN;
  save_showo(folder_, model);
  EXPECT_NE(complaint([&] {
              load_showo(paths(), torch::kFloat, torch::kCPU, LowBits::of(8));
            }).find("layers.1.mlp.fc1.weight"),
            std::string::npos);
}

}  // namespace
}  // namespace showo
