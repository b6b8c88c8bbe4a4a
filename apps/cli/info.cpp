// showo info: what a picture's metadata or a model's folder says.
#include "apps/cli/command.h"
#include "showo/checkpoint/load.h"
#include "showo/core/error.h"
#include "showo/image/image.h"

namespace showo::cli {
namespace {

void show_picture(const fs::path& path) {
  const Image image = read_image(path);
  const PngText texts = read_png_text(path);
  fmt::print("{}: {}×{} pixels\n", printable(path.string()), image.width, image.height);
  for (const auto& [key, value] : texts) fmt::print("{}: {}\n", printable(key), printable(value));
}

void show_weights(const fs::path& path) {
  const TensorMap tensors = read_weights(path);
  int64_t parameters = 0, bytes = 0;
  std::map<std::string, int64_t> dtypes;
  for (const auto& [name, tensor] : tensors) {
    parameters += tensor.numel();
    bytes += tensor.numel() * static_cast<int64_t>(tensor.element_size());
    ++dtypes[c10::toString(tensor.scalar_type())];
  }
  fmt::print("{}: {} tensors, {} elements, {} bytes\n", printable(path.string()), tensors.size(),
             parameters, bytes);
  for (const auto& [name, count] : dtypes) fmt::print("{}: {} tensors\n", name, count);
}

}  // namespace

void add_info(CLI::App& app) {
  auto* command = app.add_subcommand("info", "what a picture's metadata or a model's weights hold");
  auto path = std::make_shared<std::string>();
  command->add_option("path", *path, "a PNG picture, a weights file or a model folder")->required();
  command->callback(
      [=] { fs::path(*path).extension() == ".png" ? show_picture(*path) : show_weights(*path); });
  command->footer("Example:\n  showo info apple.png");
}

}  // namespace showo::cli
