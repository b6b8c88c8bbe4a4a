// showo convert: a model folder with its weights in another dtype, to ship or to load faster.
#include "apps/cli/command.h"
#include "showo/checkpoint/load.h"
#include "showo/core/error.h"

namespace showo::cli {
namespace {

void convert(const fs::path& from, const fs::path& to, const std::string& dtype) {
  const auto target = dtype == "fp16"   ? torch::kHalf
                      : dtype == "bf16" ? torch::kBFloat16
                                        : torch::kFloat;
  TensorMap tensors = read_weights(from);
  for (auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point()) tensor = tensor.to(target);
  }
  write_folder_atomically(to, [&](const fs::path& temporary) {
    for (const auto& item : fs::directory_iterator(from)) {
      const std::string name = item.path().filename().string();
      const bool weights =
          name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".index.json");
      if (!weights) fs::copy(item.path(), temporary / name, fs::copy_options::recursive);
    }
    write_safetensors(temporary / "model.safetensors", tensors);
  });
}

}  // namespace

void add_convert(CLI::App& app) {
  auto* command =
      app.add_subcommand("convert", "write a model folder with its weights in another dtype");
  auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>(),
       dtype = std::make_shared<std::string>("fp16");
  command->add_option("model", *from, "model folder")->required();
  command->add_option("out", *to, "folder to write")->required();
  command->add_option("--dtype", *dtype, "fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command->callback([=] { convert(*from, *to, *dtype); });
  command->footer("Example:\n  showo convert runs/showo/checkpoint/model my-model --dtype fp16");
}

}  // namespace showo::cli
