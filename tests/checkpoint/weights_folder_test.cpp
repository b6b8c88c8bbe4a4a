// Folders and names as other programs leave them: read, or told in one line what was found.
#include "showo/checkpoint/weights_folder.h"

#include <ATen/ATen.h>

#include "showo/core/config.h"
#include "tests/checkpoint/scratch.h"

namespace showo {
namespace {

const at::Tensor kOne = at::ones({2});
constexpr const char* kPointer =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

class WeightsFolder : public Scratch {
 protected:
  // Reads a folder that holds just these files, each of one tensor.
  std::string complaint_of(const std::vector<std::string>& names) const {
    fs::remove_all(folder_);
    make_folder(folder_);
    for (const auto& name : names) {
      if (name.ends_with(".safetensors"))
        write_safetensors(folder_ / name, {{"x", kOne}});
      else if (name.find(".index.") != std::string::npos)
        write(name, R"({"weight_map":{"x":"model-00001-of-00001.safetensors"}})");
      else
        fs::copy(kData / "module.bin", folder_ / name);
    }
    return complaint([&] { EXPECT_FALSE(read_weights(folder_).empty()); });
  }
};

TEST_F(WeightsFolder, TheOnlyFileOfWeightsIsReadWhateverItsName) {
  for (const char* name :
       {"pytorch_model.safetensors", "pytorch_model.bin", "model.fp16.safetensors", "model.bin",
        "diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.safetensors",
        "pytorch_model.ema.bin", "my model.v2.safetensors", "consolidated.00.pth", "epoch=3.ckpt"})
    EXPECT_EQ(complaint_of({name}), "") << name;
  for (const char* index :
       {"model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.fp16.json",
        "my.safetensors.index.json"})
    EXPECT_EQ(complaint_of({index, "model-00001-of-00001.safetensors"}), "") << index;
}

TEST_F(WeightsFolder, WholeWeightsArePreferredToVariants) {
  EXPECT_EQ(complaint_of({"model.fp16.safetensors", "model.safetensors", "other.safetensors"}), "");
  write_safetensors(folder_ / "model.safetensors", {{"whole", kOne}});
  EXPECT_TRUE(read_weights(folder_).contains("whole"));
  EXPECT_EQ(complaint_of({"training_args.bin", "model.fp16.safetensors"}), "");
  EXPECT_TRUE(read_weights(folder_).contains("x"));
}

TEST_F(WeightsFolder, WhatWasFoundIsSaidWhereItIsNotClear) {
  EXPECT_EQ(complaint_of({"a.safetensors", "b.safetensors"}),
            folder_.string() +
                ": several files may hold the weights: a.safetensors, "
                "b.safetensors; rename the right one to pytorch_model.safetensors");
  EXPECT_NE(complaint_of({"model.bf16.safetensors", "model.fp16.safetensors"}).find("several"),
            std::string::npos);
  EXPECT_EQ(complaint_of({"model-00001-of-00002.safetensors"}),
            folder_.string() +
                ": found model-00001-of-00002.safetensors, but no *.index.json that "
                "says which tensors they hold");
  EXPECT_TRUE(complaint_of({"config.json", "README.md"}).ends_with("found README.md, config.json"));
}

TEST_F(WeightsFolder, NamesOfLinksThatLeadNowhereAreNamed) {
  fs::create_symlink("blobs/missing", folder_ / "model.safetensors");
  EXPECT_EQ(complaint([&] { read_weights(folder_); }),
            (folder_ / "model.safetensors").string() + ": No such file or directory");
}

TEST_F(WeightsFolder, WrappersOfTrainingLeaveNoTraceInNames) {
  write_safetensors(folder_ / "model.safetensors",
                    {{"module._orig_mod.head.weight", kOne},
                     {"module._orig_mod.layers.0._fsdp_wrapped_module.bias", kOne}});
  const auto tensors = read_weights(folder_);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_TRUE(tensors.contains("head.weight"));
  EXPECT_TRUE(tensors.contains("layers.0.bias"));
  write_safetensors(folder_ / "model.safetensors", {{"module.x", kOne}, {"x", kOne}});
  EXPECT_NE(complaint([&] { read_weights(folder_); }).find("tensor 'x' stands twice"),
            std::string::npos);
}

// What a clone without LFS holds in place of every large file.
TEST_F(WeightsFolder, AGitLfsPointerIsCalledThat) {
  for (const char* name :
       {"model.safetensors", "pytorch_model.bin", "tokenizer.json", "scene.png"}) {
    const auto path = write(name, kPointer);
    const auto message = complaint([&] {
      if (path.extension() == ".json")
        read_json(path);
      else if (path.extension() == ".png")
        MappedFile::open(path);
      else
        read_weights(path);
    });
    EXPECT_TRUE(message.starts_with(path.string() + ": a Git LFS pointer")) << message;
  }
}

}  // namespace
}  // namespace showo
