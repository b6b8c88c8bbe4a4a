// Model: questions about pictures, alone and in turns.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <mutex>

#include "python/bindings/arguments.h"
#include "python/bindings/loaded.h"
#include "python/bindings/values.h"

namespace showo::python {
namespace {

using Started = std::shared_ptr<Running>;

// As the command line means them: temperature or top_p alone ask for a draw, which the default,
// the likeliest token, is not.
TextOptions text_options(const nb::dict& given) {
  TextOptions options;
  read_options(given, options);
  const bool shapes = given.contains("temperature") || given.contains("top_p");
  if (shapes && !given.contains("top_k")) options.top_k = 0;
  options.check();
  return options;
}

OnText each_text(const Callback& on_text, const Stop& stop) {
  return [=](size_t answer, const std::string& more) {
    stop.check();
    return !on_text || on_text([&] { return nb::make_tuple(answer, decoded(more)); });
  };
}

nb::object shown_answer(const Answer& answer) {
  return nb::make_tuple(decoded(answer.text), answer.complete);
}

nb::object shown_answers(std::vector<Answer>&& answers) {
  nb::list all;
  for (const Answer& answer : answers) all.append(shown_answer(answer));
  return all;
}

View view(const Loaded& loaded, const nb::list& pictures) {
  const Model model = loaded.model();
  const auto images = images_of(pictures);
  return without_gil([&] { return model.view(images); });
}

Started ask(Loaded& loaded, const View& view, nb::handle questions, nb::handle given,
            const nb::dict& given_options, const nb::object& on_text, bool at_once) {
  const auto all = texts("question", questions);
  const auto options = text_options(given_options);
  const uint64_t number = seed(given);
  const Stop stop;
  const auto watch = each_text(Callback("on_text", on_text), stop);
  if (!at_once) {
    return loaded.in_thread<std::vector<Answer>>(
        [=](const Model& model) { return model.ask(view, all, options, number, watch); }, stop,
        shown_answers);
  }
  return loaded.started(
      without_gil([&] { return loaded.model().start_ask(view, all, options, number, watch); }),
      stop, shown_answers);
}

// One question at a time, whichever thread asks.
class Talk {
 public:
  explicit Talk(Chat chat) : chat_(std::move(chat)) {}
  Answer ask(const std::string& question, const TextOptions& options, uint64_t seed,
             const OnText& on_text) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) throw UsageError("the chat is busy with another question");
    return chat_.ask(question, options, seed, on_text);
  }
  std::vector<std::pair<std::string, std::string>> turns() {
    const std::lock_guard lock(mutex_);
    return chat_.turns();
  }

 private:
  std::mutex mutex_;
  Chat chat_;
};

std::shared_ptr<Talk> chat(const Loaded& loaded, const nb::list& pictures) {
  const Model model = loaded.model();
  const auto images = images_of(pictures);
  return without_gil([&] { return std::make_shared<Talk>(model.chat(images)); });
}

Started chat_ask(Loaded& loaded, const std::shared_ptr<Talk>& talk, nb::handle given_question,
                 nb::handle given, const nb::dict& given_options, const nb::object& on_text) {
  const auto question = text("question", given_question);
  const auto options = text_options(given_options);
  const uint64_t number = seed(given);
  const Stop stop;
  const auto watch = each_text(Callback("on_text", on_text), stop);
  return loaded.in_thread<Answer>(
      [=](const Model&) { return talk->ask(question, options, number, watch); }, stop,
      shown_answer);
}

nb::list chat_turns(Talk& talk) {
  nb::list all;
  for (const auto& [question, answer] : without_gil([&] { return talk.turns(); })) {
    all.append(nb::make_tuple(decoded(question), decoded(answer)));
  }
  return all;
}

}  // namespace

void bind_answers(nb::module_& module, nb::class_<Loaded>& model) {
  nb::class_<View>(module, "View");
  nb::class_<Talk>(module, "Chat").def("turns", &chat_turns);
  model.def("view", &view).def("ask", &ask).def("chat", &chat).def("chat_ask", &chat_ask);
}

}  // namespace showo::python
