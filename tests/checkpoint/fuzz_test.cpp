// Thousands of damaged files: each is read or refused by an Error that names it; a crash, a hang or
// another exception fails.
#include <ATen/ATen.h>

#include <random>

#include "showo/checkpoint/weights_folder.h"
#include "tests/checkpoint/scratch.h"

namespace showo {
namespace {

constexpr int kRounds = 3000;
constexpr int64_t kMostElements = 1 << 20;  // a stride of 0 can stand for any number of them

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

class DamagedWeights : public Scratch, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedWeights, AreReadOrRefused) {
  const std::string name = GetParam();
  const bool safetensors = name.ends_with(".safetensors");
  if (safetensors) {
    write_safetensors(folder_ / name, {{"half", at::ones({3}, at::kHalf)},
                                       {"weight", at::ones({2, 3})},
                                       {"scalar", at::scalar_tensor(1, at::kLong)},
                                       {"empty", at::empty({0, 2})}});
  }
  const std::string whole = read_file((safetensors ? folder_ : kData) / name);
  std::mt19937 random(17);
  int refused = 0, read = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto path = write("damaged" + name, damaged(whole, random));
    try {
      for (const auto& [key, tensor] : read_weights(path)) {
        if (tensor.numel() <= kMostElements) tensor.clone();
      }
      ++read;
    } catch (const Error& error) {
      ++refused;
      ASSERT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
    } catch (const std::exception& error) {
      FAIL() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedWeights,
                         testing::Values("model.safetensors", "dtypes.bin", "protocol4.bin",
                                         "views.bin", "module.bin", "training.bin"),
                         [](const auto& info) {
                           const std::string name = info.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace showo
