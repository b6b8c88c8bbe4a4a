// Pictures from a text:  generate [PROMPT [MODEL]]  →  picture-0.png, picture-1.png
#include <showo/home.h>
#include <showo/model.h>

#include <iostream>

int main(int argc, char** argv) try {
  const std::string prompt = argc > 1 ? argv[1] : "a glossy apple on a blue background";
  const showo::Model model(argc > 2 ? argv[2] : showo::shared_path("models/embedded"));
  showo::SamplingOptions options = model.sampling();
  options.steps = 12;
  const auto on_step = [&](const showo::PictureStep& step) {
    std::cerr << "picture " << step.picture() << ": step " << step.step() + 1 << " of "
              << options.steps << "\n";
    return true;  // false would stop the picture
  };
  const auto pictures = model.generate({{prompt, 1}, {prompt, 2}}, options, on_step);
  for (size_t i = 0; i < pictures.size(); ++i)
    showo::write_png("picture-" + std::to_string(i) + ".png", pictures[i], {{"prompt", prompt}});
} catch (const showo::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
