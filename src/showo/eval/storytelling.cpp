#include "showo/eval/storytelling.h"

#include "showo/core/log.h"
#include "showo/core/random.h"
#include "showo/data/language.h"
#include "showo/data/shards.h"
#include "showo/generate/stories.h"

namespace showo {
namespace {

// A story as far as it was told, as codes.
class Teller {
 public:
  Teller(Pipeline& pipeline, const StoryOptions& options)
      : pipeline_(pipeline), options_(options) {}

  Image draw(const std::vector<SampleFrame>& story, const std::string& text) {
    see(story);
    StoryWish wish{before_, {text}, options_, stories_};
    wish.options.frames = std::ssize(before_) + 1;
    const auto job = telling(pipeline_, wish);
    pipeline_.engine().run({job});
    before_.push_back(job->frames().back());
    pictures_.push_back(shown(pipeline_, before_.back()).picture);
    return pictures_.back();
  }

  // The text alone: the story is stopped in the first step of its picture.
  std::string write(const std::vector<SampleFrame>& story) {
    see(story);
    StoryWish wish{before_, {}, options_, stories_};
    wish.options.frames = 0;
    wish.options.most_frames = std::ssize(before_) + 1;
    const auto job = telling(pipeline_, wish, {}, [](const MaskStep&) { return false; });
    pipeline_.engine().run({job});
    return job->ended() ? "" : pipeline_.spell(job->text());
  }

 private:
  // What is kept of the story that was told last goes on, or another begins.
  void see(const std::vector<SampleFrame>& story) {
    const auto known = [&](size_t i) {
      return i < pictures_.size() && pictures_[i] == story[i].picture;
    };
    size_t same = 0;
    while (same < story.size() && known(same)) ++same;
    if (same == 0) ++stories_;  // the seed of another one
    before_.resize(same);
    pictures_.resize(same);
    for (size_t i = same; i < story.size(); ++i) {
      before_.push_back(as_frame(pipeline_, story[i].text, story[i].picture));
      pictures_.push_back(story[i].picture);
    }
  }

  Pipeline& pipeline_;
  StoryOptions options_;
  uint64_t stories_ = 0;
  std::vector<StoryFrame> before_;
  std::vector<Image> pictures_;
};

// The only place of `words` in a text, as whole words.
std::optional<size_t> only_place(const std::string& text, const std::string& words) {
  const std::string spaced = " " + text + " ";
  const size_t at = spaced.find(" " + words + " ");
  if (at == std::string::npos || spaced.find(" " + words + " ", at + 1) != std::string::npos)
    return std::nullopt;
  return at;
}

std::string replaced(const std::string& text, size_t at, const std::string& from,
                     const std::string& to) {
  std::string result = text;
  result.replace(at, from.size(), to);
  return result;
}

}  // namespace

Storyteller teller_of(Pipeline& pipeline, const StoryOptions& options) {
  const auto teller = std::make_shared<Teller>(pipeline, options);
  return {[teller](const auto& story, const auto& text) { return teller->draw(story, text); },
          [teller](const auto& story) { return teller->write(story); }};
}

std::optional<std::string> redescribed(const std::string& caption, const emoji::Change& change) {
  if (change.kind == emoji::Change::Kind::kBackground) {
    const size_t on = caption.rfind(" on a");
    if (on == std::string::npos || !caption.ends_with(" background")) return std::nullopt;
    return caption.substr(0, on) + " on " + emoji::with_article(change.to) + " background";
  }
  if (change.kind != emoji::Change::Kind::kReplace) return std::nullopt;
  for (const std::string article : {"a ", "an "}) {
    const std::string words = article + change.thing;
    if (const auto at = only_place(caption, words))
      return replaced(caption, *at, words, emoji::with_article(change.to));
  }
  const auto at = only_place(caption, change.thing);
  if (!at) return std::nullopt;
  return replaced(caption, *at, change.thing, change.to);
}

FrameTally judge_redrawing(Pipeline& pipeline, const Eye& eye, const std::string& shards,
                           int64_t stories, const RedrawOptions& options,
                           const SamplingOptions& sampling) {
  std::vector<emoji::Kind> kinds;
  for (const auto& name : eye.kinds) kinds.push_back({"", name, ""});
  FrameTally tally;
  Progress progress("redrawing", stories);
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto story = reader.next(); story && done < stories; story = reader.next()) {
      progress.update(++done);
      const auto change = emoji::read_change(story->frames[1].text, kinds);
      const auto prompt = change ? redescribed(story->frames[0].text, *change) : std::nullopt;
      if (!prompt) continue;
      const Image before = picture_of(story->frames[0], story->title());
      const auto seed = static_cast<uint64_t>(done);
      const Image after = redrawn(pipeline, before, {*prompt, seed}, options, sampling);
      const auto scenes = story_contents_of(*story);
      tally.add(judge_change(*change, scenes[0], scenes[1], eye.recognise(after), after.width));
    }
  }
  return tally;
}

}  // namespace showo
