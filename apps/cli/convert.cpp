// showo convert: a model folder with its weights in another dtype, to ship or to load faster.
#include "apps/cli/command.h"
#include "apps/cli/output.h"
#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/safetensors.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/error.h"

namespace showo::cli {
namespace {

void convert(const fs::path& from, const OutputFolder& out, const std::string& dtype) {
  if (!fs::is_directory(from)) fail("{}: no such model folder", from.string());
  out.check({from});
  const auto target = dtype == "fp16"   ? torch::kHalf
                      : dtype == "bf16" ? torch::kBFloat16
                                        : torch::kFloat;
  TensorMap tensors = read_weights(from);
  check_finite(tensors, from.string());
  for (auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point()) tensor = converted(tensor, target, name, from.string());
  }
  out.write([&](const fs::path& temporary) {
    copy_tree(from, temporary, [](const auto& name) { return !holds_weights(name); });
    write_safetensors(temporary / kWeightsFile, tensors);
  });
}

}  // namespace

void add_convert(CLI::App& app) {
  auto* command =
      app.add_subcommand("convert", "write a model folder with its weights in another dtype");
  auto from = std::make_shared<std::string>(), dtype = std::make_shared<std::string>("fp16");
  auto out = std::make_shared<OutputFolder>();
  command->add_option("model", *from, "model folder")->required();
  command->add_option("out", out->path, "folder to write")->required();
  command->option_defaults()->group("weights");
  command->add_option("--dtype", *dtype, "fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  out->add_force(*command);
  command->callback([=] { convert(*from, *out, *dtype); });
  command->footer(
      "Examples:\n  showo convert runs/showo/checkpoint/model my-model --dtype fp16\n"
      "  showo convert show-o show-o-bf16 --dtype bf16 --force");
}

}  // namespace showo::cli
