// Drawing and answering side by side, from any thread, in one engine:  batch [MODEL]
#include <showo/home.h>
#include <showo/model.h>

#include <iostream>

int main(int argc, char** argv) try {
  const showo::Model model(argc > 1 ? argv[1] : showo::shared_path("models/embedded"));
  const auto scene = model.generate("a glossy lion on a green background", 3);
  const auto options = model.sampling("fast");

  // All run side by side; get() waits for one.
  auto pictures = model.start_generate({{"a flat frog", 1}, {"two apples", 2}}, options);
  auto answers = model.start_ask(model.view({scene}),
                                 {"what is in the picture?", "what colour is the background?"});
  auto unwanted = model.start_generate({{"a dog", 4}}, options);
  unwanted.cancel();

  for (const auto& answer : answers.get()) std::cout << answer.text << "\n";
  int number = 0;
  for (const auto& picture : pictures.get())
    showo::write_png("batch-" + std::to_string(number++) + ".png", picture);
  try {
    unwanted.get();
  } catch (const showo::Cancelled&) {
    std::cout << "the dog was not drawn\n";
  }
} catch (const showo::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
