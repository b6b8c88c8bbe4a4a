// What can be asked of a model, and how. Every struct names its options, says what they are and
// which values they may have, once: `visit` serves a program's flags, JSON and Python alike.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "showo/range.h"

namespace showo {

/// A picture to draw. The same seed gives the same picture, whatever is drawn beside it.
struct Wish {
  std::string prompt;
  uint64_t seed = 0;
};

/// How pictures are drawn by mask prediction (MaskGIT, arXiv 2202.04200; paper 3.5). A model's
/// folder may say how it is drawn best (Model::sampling); these are the published values.
struct SamplingOptions {
  int steps = 18;
  double guidance = 1.75;
  double guided = 1;
  int refresh = 1;
  double temperature = 1, code_temperature = 1;
  int64_t code_top_k = 0;
  double commit_above = 1;
  std::string schedule = "cosine";
  std::string order = "confidence";
  std::string negative_prompt = {};
  template <class V>
  void visit(V& v) {
    v(steps, "steps", "unmasking steps", between(1, 1 << 16));
    v(guidance, "guidance", "w in (1+w)·conditional − w·unconditional; 0 turns it off",
      between(0, 100));
    v(guided, "guided", "share of the steps, from the first on, that guidance is used in", share());
    v(refresh, "refresh",
      "every so many steps the whole picture is computed, in the others only what was masked: the "
      "codes kept earlier stay as they were seen then; 1 computes all in each",
      between(1, 1 << 16));
    v(temperature, "temperature", "of the noise that decides which codes are kept",
      between(0, 100));
    v(code_temperature, "code_temperature",
      "of the draw of codes: below 1 likely ones become likelier; 1 as published",
      between(0.01L, 100));
    v(code_top_k, "code_top_k",
      "each code is drawn among the k likeliest, which models that draw in few steps want; 0: all",
      between(0, 10'000'000));
    v(commit_above, "commit_above",
      "codes drawn with a higher probability are kept at once, whatever the schedule says, so that "
      "a picture may be finished in fewer steps; 1 turns it off",
      share());
    v(schedule, "schedule", "cosine, linear, powX or sigmoid");
    v(order, "order",
      "which codes are kept first: the surest (confidence, as published) or those at the places of "
      "a Halton sequence (halton)");
    v(negative_prompt, "negative_prompt",
      "what guidance leads away from: stands in its unconditional branch in place of an empty "
      "text");
  }
  /// For a picture of so many tokens. Throws OptionError.
  void check(int64_t tokens) const;
};

/// How the next token of a text is drawn.
struct TextOptions {
  int64_t max_tokens = 100;
  double temperature = 1;
  int64_t top_k = 1;
  double top_p = 1;
  int64_t jacobi = 1;
  template <class V>
  void visit(V& v) {
    v(max_tokens, "max_tokens", "longest answer in tokens", between(1, 100'000));
    v(temperature, "temperature", "of the draw; 0 is greedy", between(0, 100));
    v(top_k, "top_k", "draw among the k likeliest; 1 is greedy, 0 all", between(0, 10'000'000));
    v(top_p, "top_p", "draw among the likeliest that together have this probability", above(0, 1));
    v(jacobi, "jacobi",
      "so many tokens of a greedy text are computed at once, guessed from how it went on before; "
      "guesses that prove right are kept, so that the text is the same. 1: one at a time",
      between(1, 64));
  }
  /// Throws OptionError.
  void check() const;
  /// Always the likeliest token: the other settings say nothing then.
  bool greedy() const { return top_k == 1 || temperature == 0; }
};

/// A text of the model's.
struct Answer {
  std::string text;
  bool complete = false;  // false: it was cut at max_tokens or at the model's last position
  int64_t prompt_tokens = 0, tokens = 0;  // that stood before it, pictures included; its own
};

/// Questions and their answers.
using Turns = std::vector<std::pair<std::string, std::string>>;

enum class Side { kLeft, kRight, kUp, kDown };

/// How a picture is changed by a new description (paper, appendix on editing).
struct RedrawOptions {
  double strength = 0.5;
  int rounds = 6;
  template <class V>
  void visit(V& v) {
    v(strength, "strength", "share of the picture's codes that is drawn anew in every round",
      above(0, 1));
    v(rounds, "rounds", "how often", between(1, 1000));
  }
};

/// How a story is told (mixed-modality generation, paper 4.4).
struct StoryOptions {
  int64_t frames = 0, most_frames = 8;
  SamplingOptions sampling;
  // The likeliest text alone comes again; unlikely ones are often untrue of the pictures.
  TextOptions text{.max_tokens = 48, .temperature = 0.3, .top_k = 0, .top_p = 0.9};
  template <class V>
  void visit(V& v) {
    v(frames, "frames", "so many pictures in all; 0: until the model ends the story",
      between(0, 1000));
    v(most_frames, "most_frames", "where the model does not end it", between(1, 1000));
    v(sampling, "sampling", "of pictures");
    v(text, "text", "of texts");
  }
};

/// What an engine takes on at once.
struct EngineLimits {
  int64_t waiting = 256, running = 64, pictures = 16;
  int64_t pass_tokens = 2560;
  int64_t cache_bytes = int64_t{8} << 30, prefix_bytes = int64_t{1} << 30;
  int64_t texts_between = 8;
  bool alone = false;
  template <class V>
  void visit(V& v) {
    v(waiting, "waiting", "jobs that may wait; more are refused", between(1, 1'000'000));
    v(running, "running", "jobs that run at once", between(1, 100'000));
    v(pictures, "pictures", "pictures that are drawn at once", between(1, 100'000));
    v(pass_tokens, "pass_tokens",
      "tokens computed in one pass; a job that wants more has a pass of its own",
      between(1, 1 << 24));
    v(cache_bytes, "cache_bytes", "keys and values of running jobs", at_least(1));
    v(prefix_bytes, "prefix_bytes", "keys and values kept of what was read, for rows to come",
      at_least(0));
    v(texts_between, "texts_between",
      "while both are running, passes of texts alone between two passes with pictures, which take "
      "many times as long",
      between(0, 1'000'000));
    v(alone, "alone",
      "each job in passes of its own: the same bits whatever else runs, in any dtype");
  }
};

/// What an engine has at the moment, and has done.
struct EngineLoad {
  int64_t waiting = 0, running = 0, pictures = 0;  // jobs
  int64_t cache_bytes = 0;                         // that running jobs may come to need
  int64_t passes = 0, computed_tokens = 0;         // so far
};

}  // namespace showo
