// Studies of recipes with a handful of keys, which no trainer knows.
#pragma once

#include <unistd.h>

#include "showo/ablate/plan.h"

namespace showo {

inline Json small_recipe() {
  return {{"seed", 7},       {"keep", 2},   {"steps", 10},
          {"init_from", ""}, {"tower", ""}, {"batch", {{"rows", 4}, {"schedule", "cosine"}}}};
}

/// Every file is the same recipe; unknown keys are errors.
inline RecipeReader small_recipes() {
  const auto check = [](const Json& given, const Json& known, const std::string& where) {
    for (const auto& [key, value] : given.items())
      if (!known.contains(key)) fail("{}: unknown key '{}'", where, key);
  };
  return {[](const std::string&, const fs::path& path) {
            if (path == "none.yaml") fail("{}: not found", path.string());
            return small_recipe();
          },
          [check](const std::string&, const Json& recipe, const std::string& where) {
            check(recipe, small_recipe(), where);
            check(recipe["batch"], small_recipe()["batch"], where + ": batch");
            return recipe;
          }};
}

/// Two stages, three rows, two seeds, drawings under six settings of the first row alone.
inline constexpr const char* kSmallStudy = R"(
title: Small
seeds: [1, 2]
stages:
  - {name: tower, command: train-clip, recipe: clip.yaml, seeded: false}
  - {name: pretrain, recipe: pretrain.yaml}
  - {name: tune, recipe: tune.yaml, set: {init_from: "{pretrain}/model"}}
evaluations:
  - {name: asked, arguments: [scenes.tar, --scenes, 0]}
  - name: drawn
    arguments: [scenes.tar, --seed, "{seed}000"]
    rows: [base]
    settings: [{flag: guidance, values: [0, 2]}, {flag: steps, values: [4, 8, 16]}]
figures:
  - {name: "answers, %", evaluation: asked, value: questions/all/right, of: questions/all/asked}
  - {name: pictures, evaluation: drawn, value: generated/* thing*/all}
paper: {table: Table 9, figures: [GQA, MME]}
rows:
  - {name: base, paper: [48.7, 948.4]}
  - {name: other schedule, set: {tune.batch.schedule: linear}, paper: [40, null]}
  - {name: with a tower, set: {pretrain.batch.rows: 2, tune.tower: "{tower}/clip"}}
trends:
  - {claim: The schedule matters, figure: "answers, %", higher: base, than: other schedule}
  - {claim: Guidance helps, figure: pictures, higher: "base @ guidance 2, steps 8", than: "base @ guidance 0, steps 8"}
)";

inline Study study_of(const std::string& text) {
  const fs::path path = fs::temp_directory_path() / fmt::format("study-{}.yaml", ::getpid());
  write_file_atomically(path, text);
  const auto remove = [&] { fs::remove(path); };
  try {
    Study study = read_study(path, small_recipes());
    remove();
    return study;
  } catch (...) {
    remove();
    throw;
  }
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) fail("'{}' is not in the text", from);
  return text.replace(at, from.size(), to);
}

}  // namespace showo
