// showo ask and caption: text about a picture.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/session.h"

namespace showo::cli {
namespace {

struct AskFlags {
  ModelFlags model;
  TextOptions text;
  std::string picture;
  std::vector<std::string> questions;
};

void ask(const AskFlags& f) {
  f.text.check();
  for (const auto& question : f.questions) {
    if (question.find_first_not_of(" \t\r\n") == std::string::npos)
      throw UsageError("the question is empty");
  }
  const Image picture = read_image(f.picture);
  Session session(f.model);
  auto reader = session.pipeline().read(picture);
  session.lap("read");
  Json answers = Json::array();
  std::string text;
  const auto said = reader.answer(f.questions, f.text, f.model.seed, session.on_token());
  for (size_t i = 0; i < said.size(); ++i) {
    answers.push_back({{"question", f.questions[i]},
                       {"answer", said[i].text},
                       {"stop", said[i].complete ? "end" : "length"}});
    text += (text.empty() ? "" : "\n") + said[i].text;
  }
  session.lap("answer");
  session.report({{"answers", answers}}, text);
}

}  // namespace

void add_ask(CLI::App& app) {
  auto f = std::make_shared<AskFlags>();
  auto* command = app.add_subcommand("ask", "answer questions about a picture");
  command->add_option("picture", f->picture, "PNG, JPEG or WebP")->required();
  command->add_option("questions", f->questions, "one or several; the picture is read once")
      ->required();
  f->model.add_to(*command);
  add_flags(*command, f->text);
  command->callback([=] { ask(*f); });
  command->footer(
      "Example:\n  showo ask scene.png \"what is in the picture?\" \"how many things are there?\"");
}

void add_caption(CLI::App& app) {
  auto f = std::make_shared<AskFlags>();
  f->questions = {"what is in the picture?"};
  auto* command = app.add_subcommand("caption", "say what a picture shows");
  command->add_option("picture", f->picture, "PNG, JPEG or WebP")->required();
  command->add_option("--question", f->questions[0], "how the model is asked")
      ->capture_default_str();
  f->model.add_to(*command);
  add_flags(*command, f->text);
  command->callback([=] { ask(*f); });
  command->footer("Example:\n  showo caption scene.png");
}

}  // namespace showo::cli
