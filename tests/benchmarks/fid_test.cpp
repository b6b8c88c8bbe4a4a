// FID is pytorch-fid's, and exact where that is not.
#include "showo/benchmarks/fid.h"

#include <cmath>
#include <limits>

#include "showo/benchmarks/npz.h"
#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

fs::path set(const std::string& name) { return oracle("fid/" + name + ".safetensors"); }
double fid(const fs::path& a, const fs::path& b) { return score_fid(a, b)["official"]["fid"]; }

void expect_near(double found, double expected, double relative) {
  EXPECT_NEAR(found, expected, std::abs(expected) * relative);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// A file with one tensor.
std::string safetensors(const std::string& shape, const std::vector<double>& values,
                        const std::string& name = "features") {
  const std::string header =
      fmt::format(R"({{"{}":{{"dtype":"F64","shape":{},"data_offsets":[0,{}]}}}})", name, shape,
                  values.size() * 8);
  return bytes_of(std::vector<uint64_t>{header.size()}) + header + bytes_of(values);
}

TEST(Fid, AgreesWithPytorchFid) {
  const Json cases = read_json(oracle("fid/expected.json"))["cases"];
  EXPECT_GE(cases.size(), 6U);
  for (const auto& [names, expected] : cases.items()) {
    const size_t space = names.find(' ');
    const std::string a = names.substr(0, space), b = names.substr(space + 1);
    const double found = fid(set(a), set(b));
    SCOPED_TRACE(names);
    if (a == b) {
      EXPECT_NEAR(found, 0, 1e-9);
    } else if (names.find("small") == names.npos) {
      expect_near(found, expected["pytorch_fid"], 1e-9);
    } else {
      expect_near(found, expected["exact"], 1e-9);
      expect_near(found, expected["pytorch_fid"], 1e-6);
    }
  }
}

TEST(Fid, KnowsOfHowManySamplesStatisticsAreThatSaySo) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "s.npz";
  auto arrays = read_npz(oracle("fid/b_stats.npz"), {"mu", "sigma"});
  write_npz(path, arrays);
  EXPECT_TRUE(score_fid(path, set("a"))["samples"]["a"].is_null());
  EXPECT_EQ(fid(path, set("a")), fid(oracle("fid/b_stats.npz"), set("a")));
  arrays["n"] = {{1}, {3}};
  write_npz(path, arrays);
  const Json score = score_fid(path, set("a"));
  EXPECT_EQ(score["samples"]["a"], 3);
  EXPECT_EQ(score["problems"]["few samples"]["count"], 1);
}

TEST(Fid, ReadsStoredStatistics) {
  const Json cases = read_json(oracle("fid/expected.json"))["cases"];
  const fs::path statistics = oracle("fid/b_stats.npz");
  expect_near(fid(set("a"), statistics), cases["a b"]["pytorch_fid"], 1e-9);
  expect_near(fid(statistics, set("a")), cases["b a"]["pytorch_fid"], 1e-9);
  expect_near(fid(set("small_a"), statistics), cases["small_a b"]["exact"], 1e-9);
  EXPECT_NEAR(fid(statistics, set("b")), 0, 1e-9);
  EXPECT_TRUE(score_fid(statistics, set("b"))["samples"]["a"].is_null());
}

// As np.savez_compressed writes them, sigma in Fortran's order and float32.
TEST(Fid, ReadsDeflatedStatistics) {
  const ScratchFolder folder;
  const auto b = folder.write("b.safetensors", safetensors("[3,2]", {2, 0, 3, 1, 4, 5}));
  EXPECT_NEAR(fid(oracle("fid/deflated_stats.npz"), b), 0, 1e-9);
}

TEST(Fid, SaysWhereSamplesAreFew) {
  const Json score = score_fid(set("small_a"), set("b"));
  EXPECT_EQ(score["problems"]["few samples"]["count"], 1);
  EXPECT_EQ(score["samples"], Json({{"a", 40}, {"b", 400}}));
  EXPECT_EQ(score["dimensions"], 64);
  EXPECT_TRUE(score_fid(set("a"), set("b"))["problems"].empty());
}

// One dimension by hand: (μ₁ − μ₂)² + (σ₁ − σ₂)².
TEST(Fid, IsFrechetsDistance) {
  const ScratchFolder folder;
  const auto a = folder.write("a.safetensors", safetensors("[2,1]", {-1, 1}));
  const auto b = folder.write("b.safetensors", safetensors("[3,1]", {2, 3, 4}));
  EXPECT_NEAR(fid(a, b), 9 + std::pow(std::sqrt(2) - 1, 2), 1e-12);
}

TEST(Fid, NamesWhatItCannotUse) {
  const ScratchFolder folder;
  const auto refusal = [&](const std::string& text) {
    const auto file = folder.write("x.safetensors", text);
    return error_of([&] { score_fid(file, file); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refusal(safetensors("[2,2]", {1, nan, 1 / 0.0, 2}))
                .find("'features': 2 of 4 values are not finite"),
            std::string::npos);
  EXPECT_NE(refusal(safetensors("[2,1]", {1, 1e308})).find("1 of 2 values"), std::string::npos);
  EXPECT_NE(refusal(safetensors("[1,2]", {1, 2})).find("found [1, 2]"), std::string::npos);
  EXPECT_NE(refusal(safetensors("[4]", {1, 2, 3, 4})).find("found [4]"), std::string::npos);
  EXPECT_NE(refusal(safetensors("[2,1]", {1, 2}, "x")).find("'features' is missing"),
            std::string::npos);
  EXPECT_NE(refusal("no tensors").find("x.safetensors"), std::string::npos);
  const auto narrow = folder.write("n.safetensors", safetensors("[2,1]", {1, 2}));
  EXPECT_NE(error_of([&] { score_fid(set("a"), narrow); }).find("1 dimensions"), std::string::npos);
}

TEST(Fid, DamagedStatisticsThrowNothingButErrors) {
  const ScratchFolder folder;
  const std::string good = read_file(oracle("fid/b_stats.npz"));
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = good;
    // The archive's tables and the arrays' headers, which are few among the values.
    const size_t places[] = {random() % 200, 700 + random() % 200,
                             damaged.size() - 1 - random() % 200, random() % damaged.size()};
    if (i % 5 == 4)
      damaged.resize(places[3]);
    else
      damaged[places[i % 5]] = static_cast<char>(random());
    const auto file = folder.write("b.npz", damaged);
    refused += !error_of([&] { score_fid(file, file); }).empty();
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace showo
