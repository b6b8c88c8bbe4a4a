// showo story: texts and pictures in turns, written and drawn by the model.
#include <algorithm>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/generate/stories.h"
#include "showo/image/decode.h"
#include "showo/image/grid.h"

namespace showo::cli {
namespace {

struct StoryFlags {
  ModelFlags model;
  SamplingFlags sampling;
  StoryOptions options;
  std::string prompt, picture, out = "story";
  std::vector<std::string> told;
  bool resume = false;
};

// story.json: all that the story came of, and what there is of it.
struct SavedFrame {
  std::string text, picture;
  std::vector<int64_t> codes;
  template <class V>
  void visit(V& v) {
    v(text, "text", "empty: a picture that was given");
    v(picture, "picture", "its file");
    v(codes, "codes", "of the image tokenizer, which the model sees", between(0, 1 << 24));
  }
};

struct SavedStory {
  std::string model;
  uint64_t seed = 0;
  int64_t given = 0;
  bool ended = false;
  std::vector<std::string> told;
  StoryOptions options;
  std::vector<SavedFrame> frames;
  template <class V>
  void visit(V& v) {
    v(model, "model", "folder");
    v(seed, "seed", "of all draws", any_number());
    v(given, "given", "frames that were not drawn but given", between(0, 1));
    v(ended, "ended", "the model ended it by itself");
    v(told, "told", "texts that it was given");
    v(options, "options", "how it is made");
    v(frames, "frames", "in order");
  }
};

constexpr const char* kStoryFile = "story.json";

void check_out(const StoryFlags& f) {
  std::error_code ignored;
  const fs::path file = fs::path(f.out) / kStoryFile;
  if (fs::exists(f.out, ignored) && !fs::is_directory(f.out, ignored))
    fail("{}: expected a folder to write, found a file", f.out);
  if (f.resume && !fs::exists(file, ignored)) fail("{}: there is no story to go on with", f.out);
  if (!f.resume && fs::exists(f.out, ignored) && !fs::is_empty(f.out, ignored)) {
    throw UsageError(
        fmt::format("--out {}: the folder is not empty; --resume goes on with a story", f.out));
  }
}

SavedStory read_story(const std::string& folder) {
  const std::string file = (fs::path(folder) / kStoryFile).string();
  SavedStory story;
  read_config(story, read_json(file), file);
  if (story.given > std::ssize(story.frames))
    fail("{}: given: expected 0 to {}, found {}", file, story.frames.size(), story.given);
  return story;
}

void add_told(SavedStory& story, const std::vector<std::string>& told) {
  for (const auto& text : told) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
      throw UsageError("a frame's text is empty");
    story.told.push_back(text);
  }
}

// What the command line asks for.
SavedStory new_story(const StoryFlags& f) {
  SavedStory story;
  story.model = f.model.model;
  story.seed = f.model.seed;
  if (!f.prompt.empty()) add_told(story, {f.prompt});
  add_told(story, f.told);
  story.options = f.options;
  story.options.sampling = f.sampling.options;
  if (story.told.empty() && f.picture.empty())
    throw UsageError("a story begins with a text or with --picture, or goes on with --resume");
  return story;
}

// What a story that is there goes on with: what is told comes behind what was told or written.
SavedStory resumed_story(const StoryFlags& f) {
  if (!f.prompt.empty() || !f.picture.empty())
    throw UsageError("--resume: the story has its beginning; --tell says what happens next");
  SavedStory story = read_story(f.out);
  if (f.options.frames > 0) story.options.frames = f.options.frames;
  if (f.told.empty()) return story;
  if (std::ssize(story.frames) - story.given > std::ssize(story.told)) {
    story.told.clear();
    for (auto frame = story.frames.begin() + story.given; frame != story.frames.end(); ++frame)
      story.told.push_back(frame->text);
  }
  add_told(story, f.told);
  return story;
}

// The story's folder. It is written after every frame, so that a story that was stopped can go on.
class StoryFolder {
 public:
  StoryFolder(std::string path, SavedStory story)
      : path_(std::move(path)), story_(std::move(story)) {}
  void add(const Frame& frame, const PngText& metadata) {
    make_folder(path_);
    const std::string name = fmt::format("frame-{}.png", story_.frames.size() + 1);
    write_png(path_ / name, frame.picture, metadata);
    story_.frames.push_back({frame.text, name, frame.codes});
    save();
  }
  void begin_with(const Frame& picture) {
    story_.given = 1;
    add(picture, {});
  }
  void end(bool by_itself) {
    story_.ended = by_itself;
    save();
  }
  // All frames and their texts on one sheet.
  std::string write_sheet(Pipeline& pipeline) const {
    std::vector<Image> pictures;
    std::vector<std::string> texts;
    for (const SavedFrame& frame : story_.frames) {
      const Image picture = pipeline.picture_of(torch::tensor(frame.codes));
      pictures.push_back(enlarged(picture, std::max(1, 256 / picture.width)));
      texts.push_back(frame.text);
    }
    const fs::path sheet = path_ / "story.png";
    if (!pictures.empty()) write_png(sheet, labelled_grid(pictures, texts, 6));
    return sheet.string();
  }
  // What is still to be made.
  StoryWish wish(const Pipeline& pipeline) const {
    StoryWish wish{{}, {}, story_.options, story_.seed};
    for (const SavedFrame& frame : story_.frames)
      wish.before.push_back({pipeline.tokenizer().encode(frame.text), frame.codes});
    const auto used = std::min(std::ssize(story_.frames) - story_.given, std::ssize(story_.told));
    wish.told.assign(story_.told.begin() + used, story_.told.end());
    return wish;
  }
  const SavedStory& story() const { return story_; }

 private:
  void save() const {
    write_file_atomically(path_ / kStoryFile, config_to_json(story_).dump() + "\n");
  }
  fs::path path_;
  SavedStory story_;
};

void tell(const StoryFlags& f) {
  check_out(f);
  SavedStory begun = f.resume ? resumed_story(f) : new_story(f);
  std::optional<Image> given;
  if (!f.picture.empty()) given = read_image(f.picture);
  Session session(f.model);
  Pipeline& pipeline = session.pipeline();
  StoryFolder folder(f.out, begun);
  if (given) folder.begin_with(shown(pipeline, as_frame(pipeline, "", *given)));
  Json frames = Json::array();
  std::string text;
  const auto on_frame = [&](size_t index, const Frame& frame) {
    session.set_prompt(frame.text);
    folder.add(frame, session.metadata(begun.seed, begun.options.sampling));
    frames.push_back({{"path", (fs::path(f.out) / folder.story().frames[index].picture).string()},
                      {"text", frame.text}});
    text += fmt::format("{}: {}\n", printable(frames.back()["path"].get<std::string>()),
                        printable(frame.text));
    return true;
  };
  const auto job = telling(pipeline, folder.wish(pipeline), on_frame);
  pipeline.engine().run({job});
  folder.end(job->ended());
  session.lap("story");
  text += printable(folder.write_sheet(pipeline));
  session.report({{"frames", frames}, {"ended", job->ended()}, {"seed", begun.seed}}, text);
}

}  // namespace

void add_story(CLI::App& app) {
  auto f = std::make_shared<StoryFlags>();
  auto* command =
      app.add_subcommand("story", "texts and pictures in turns, written and drawn by the model");
  command->add_option("prompt", f->prompt, "what the first picture shows");
  command->option_defaults()->group("story");
  add_number(*command, "--frames", f->options.frames,
             "so many pictures in all; 0: until the model ends the story", between(0, 1000));
  add_number(*command, "--most-frames", f->options.most_frames, "where the model does not end it",
             between(1, 1000));
  command->add_option("--tell", f->told,
                      "what happens next, instead of what the model would write; may be repeated");
  command->add_option("--picture", f->picture, "a picture that the story begins with");
  command->option_defaults()->group("output");
  command
      ->add_option("-o,--out", f->out,
                   "folder for frame-1.png …, story.json with their texts, and story.png, all on "
                   "one sheet")
      ->capture_default_str();
  command->add_flag("--resume", f->resume,
                    "go on with the story in the folder as it was begun: one that was stopped, or "
                    "with more --frames");
  add_story_text_flags(*command, f->options.text);
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    tell(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo story \"a lion and an apple on a white background\" --frames 4 -o lion\n"
      "  showo story --picture scene.png --tell \"the background turns blue\" -o blue\n"
      "  showo story --resume --frames 6 -o lion");
}

}  // namespace showo::cli
