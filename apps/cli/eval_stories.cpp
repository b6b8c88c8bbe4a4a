#include "apps/cli/eval_stories.h"

#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/eval/storytelling.h"

namespace showo::cli {
namespace {

struct EvalStoriesFlags {
  ModelFlags model;
  SamplingFlags sampling;
  StoryOptions story;
  RedrawOptions redraw;
  std::string shards, recogniser;
  std::vector<std::string> ways = {"told", "written", "edited", "redrawn"};
  int64_t stories = 100;
};

double percent(int64_t part, int64_t all) {
  return all == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

Json to_json(const FrameTally& t) {
  return {{"judged", t.judged}, {"change", t.change},         {"others", t.others},
          {"stayed", t.stayed}, {"background", t.background}, {"number", t.number},
          {"all", t.all}};
}

std::string to_text(const std::string& way, const std::string& name, const FrameTally& t) {
  return fmt::format(
      "{}, {}: change {:.1f} %, others stay {:.1f} %, background {:.1f} %, number {:.1f} %, all "
      "{:.1f} % of {}\n",
      way, printable(name), percent(t.change, t.judged), percent(t.stayed, t.others),
      percent(t.background, t.judged), percent(t.number, t.judged), percent(t.all, t.judged),
      t.judged);
}

void eval_stories(const EvalStoriesFlags& f) {
  Session session(f.model);
  const Eye eye = eye_of(load_recogniser(f.recogniser));
  StoryOptions options = f.story;
  options.sampling = f.sampling.options;
  Json results = Json::object();
  std::string text;
  for (const auto& way : f.ways) {
    if (way == "redrawn") {
      const auto tally = judge_redrawing(session.pipeline(), eye, f.shards, f.stories, f.redraw,
                                         f.sampling.options);
      results[way]["all"] = to_json(tally);
      text += to_text(way, "all", tally);
      continue;
    }
    const Telling telling = way == "told"      ? Telling::kTold
                            : way == "written" ? Telling::kWritten
                                               : Telling::kEdited;
    const auto figures =
        judge_stories(teller_of(session.pipeline(), options), eye, f.shards, f.stories, telling);
    for (const auto& [name, tally] : figures.frames) {
      results[way][name] = to_json(tally);
      text += to_text(way, name, tally);
    }
    if (way != "written") continue;
    const TextTally& t = figures.texts;
    results[way]["texts"] = {{"written", t.written},
                             {"read", t.read},
                             {"possible", t.possible},
                             {"true_of_picture", t.true_of_picture}};
    text += fmt::format(
        "{}, texts: say a change {:.1f} %, a possible one {:.1f} %, true of the next picture "
        "{:.1f} "
        "% of {}\n",
        way, percent(t.read, t.written), percent(t.possible, t.written),
        percent(t.true_of_picture, t.written), t.written);
  }
  session.lap("stories");
  if (!text.empty()) text.pop_back();
  session.report(results, text);
}

}  // namespace

void add_eval_stories(CLI::App& eval) {
  auto f = std::make_shared<EvalStoriesFlags>();
  auto* command = eval.add_subcommand("stories", "stories and edits of the emoji world");
  command->add_option("shards", f->shards, "data/stories/stories-test.tar")->required();
  command->option_defaults()->group("judging");
  add_number(*command, "--stories", f->stories, "how many of its stories", at_least(1));
  command->add_option("--recogniser", f->recogniser, "folder of a recogniser")->required();
  command
      ->add_option("--ways", f->ways,
                   "told (the shard's texts), written (texts of the model's own), edited (each "
                   "change alone, of the shard's picture before it), redrawn (by a description)")
      ->check(CLI::IsMember({"told", "written", "edited", "redrawn"}));
  add_flags(*command, f->redraw);
  add_story_text_flags(*command, f->story.text);
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    eval_stories(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo eval stories data/stories/stories-test.tar --recogniser runs/recogniser\n"
      "  showo eval stories data/stories/stories-test.tar --recogniser runs/recogniser --ways told "
      "--stories 300 --json");
}

}  // namespace showo::cli
