// showo ask and caption: text about a picture.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/generate/conversation.h"
#include "showo/image/decode.h"

namespace showo::cli {
namespace {

struct AskFlags {
  ModelFlags model;
  TextFlags text;
  std::string picture;
  std::vector<std::string> others, questions;
  bool chat = false;

  std::vector<Image> pictures() const {
    std::vector<Image> pictures = {read_image(picture)};
    for (const auto& other : others) pictures.push_back(read_image(other));
    return pictures;
  }
};

// Each turn sees those before it; questions come from the command line, then from standard input, a
// line each.
void chat(const AskFlags& f) {
  const auto pictures = f.pictures();
  Session session(f.model);
  Conversation conversation(session.pipeline(), session.pipeline().see(pictures));
  session.lap("read");
  const bool typed = ::isatty(STDIN_FILENO) != 0, shows = !f.model.json;
  Json answers = Json::array();
  const auto ask = [&](const std::string& question) {
    const Answer answer = conversation.ask(question, f.text.options, f.model.seed);
    answers.push_back({{"question", question},
                       {"answer", answer.text},
                       {"stop", answer.complete ? "end" : "length"}});
    if (shows) fmt::print("{}\n", printable(answer.text));
    std::fflush(stdout);
  };
  for (const auto& question : f.questions) ask(question);
  std::string line;
  while (true) {
    if (typed && shows) fmt::print(stderr, "> ");
    if (!std::getline(std::cin, line)) break;
    if (line.find_first_not_of(" \t\r") != std::string::npos) ask(line);
  }
  session.lap("answer");
  if (!shows) session.report({{"answers", answers}}, "");
}

void ask(const AskFlags& f) {
  for (const auto& question : f.questions) {
    if (question.find_first_not_of(" \t\r\n") == std::string::npos)
      throw UsageError("the question is empty");
  }
  const auto pictures = f.pictures();
  Session session(f.model);
  const Seen seen = session.pipeline().see(pictures);
  session.lap("read");
  Json answers = Json::array();
  std::string text;
  const auto said = session.pipeline().answer(seen, f.questions, f.text.options, f.model.seed,
                                              session.on_token());
  for (size_t i = 0; i < said.size(); ++i) {
    answers.push_back({{"question", f.questions[i]},
                       {"answer", said[i].text},
                       {"stop", said[i].complete ? "end" : "length"},
                       {"timings", {{"tokens", session.token_times(i)}}}});
    text += (text.empty() ? "" : "\n") + said[i].text;
  }
  session.lap("answer");
  session.report({{"answers", answers}}, text);
}

}  // namespace

void add_ask(CLI::App& app) {
  auto f = std::make_shared<AskFlags>();
  auto* command = app.add_subcommand("ask", "answer questions about a picture, or several");
  command->add_option("picture", f->picture, "PNG, JPEG or WebP")->required();
  command->add_option("questions", f->questions, "one or several; the picture is read once");
  command->option_defaults()->group("pictures");
  command
      ->add_option("--also", f->others,
                   "a further picture, which the questions are about as well; once for each")
      ->allow_extra_args(false);
  command->option_defaults()->group("conversation");
  command->add_flag("--chat", f->chat,
                    "each question sees the ones before it and their answers; more are read from "
                    "standard input, a line each");
  f->text.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->text.settle(*command);
    if (f->chat) return chat(*f);
    if (f->questions.empty()) throw UsageError("questions is required");
    ask(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo ask scene.png \"what is in the picture?\" \"how many things are there?\"\n"
      "  showo ask photo.jpg \"what happens next?\" --temperature 0.8 --top-p 0.9 --seed 3\n"
      "  showo ask photo.jpg --json -- \"-1 or 1?\"\n"
      "  showo ask before.png --also after.png \"what differs?\"\n"
      "  showo ask scene.png --chat \"what is on the left?\" \"and its style?\" < /dev/null");
}

void add_caption(CLI::App& app) {
  auto f = std::make_shared<AskFlags>();
  f->questions = {"what is in the picture?"};
  auto* command = app.add_subcommand("caption", "say what a picture shows");
  command->add_option("picture", f->picture, "PNG, JPEG or WebP")->required();
  command->option_defaults()->group("picture");
  command->add_option("--question", f->questions[0], "how the model is asked")
      ->capture_default_str();
  f->text.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->text.settle(*command);
    ask(*f);
  });
  command->footer(
      "Examples:\n  showo caption scene.png\n"
      "  showo caption photo.jpg --question \"describe the picture\" --model show-o-8bit --json");
}

}  // namespace showo::cli
