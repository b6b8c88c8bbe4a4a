// A question about a picture, answered as it is written:  ask PICTURE QUESTION [MODEL]
#include <showo/home.h>
#include <showo/model.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "expected a picture and a question\n";
    return 2;
  }
  const showo::Model model(argc > 3 ? argv[3] : showo::shared_path("models/embedded"));
  const showo::View picture = model.view({showo::read_image(argv[1])});
  model.ask(picture, {argv[2]}, {}, 0, [](size_t, const std::string& more) {
    std::cout << more << std::flush;
    return true;
  });
  std::cout << "\n";
} catch (const showo::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
