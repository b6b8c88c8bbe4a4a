#include "showo/eval/dpg_judge.h"

#include <fmt/ranges.h>

#include "showo/benchmarks/dpg.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/eval/texted_pictures.h"
#include "showo/image/png.h"

namespace showo {
namespace {

constexpr int64_t kMostTokens = 16;

struct AskedPlace {
  std::string item;
  int64_t picture, question;
};

// A model may say more than the official judge's "yes".
std::string as_judged(const std::string& answer) {
  const auto words = python::words(python::lower(answer));
  if (words.empty()) return "";
  const bool yes = words[0] == "yes" || words[0] == "yes." || words[0] == "yes,";
  return yes ? "yes" : python::strip(python::lower(answer));
}

fs::path part_path(const fs::path& folder, const std::string& item, int64_t picture) {
  return folder / "parts" / fmt::format("{}-{}.png", item, picture);
}

// Each picture of a square as a file of its own.
void write_parts(const fs::path& file, const std::string& item, int64_t of_each,
                 const fs::path& folder) {
  for (int64_t picture = 0; picture < of_each; ++picture) {
    const fs::path part = part_path(folder, item, picture);
    if (!is_file(part)) write_png(part, PicturePlace{file, static_cast<int>(picture)}.read());
  }
}

}  // namespace

void answer_dpg(Pipeline& pipeline, const fs::path& data, const fs::path& pictures, int64_t of_each,
                AskedRun run, const fs::path& folder, Group& group) {
  std::vector<AskedPlace> asked;
  std::vector<BenchmarkQuestion> questions;
  make_folder(folder / "parts");
  for (const auto& [item, of_item] : read_dpg(data)) {
    const fs::path file = pictures / (item + ".png");
    if (!is_file(file)) continue;
    if (of_each > 1 && group.leads()) write_parts(file, item, of_each, folder);
    for (int64_t picture = 0; picture < of_each; ++picture) {
      const fs::path part = of_each > 1 ? part_path(folder, item, picture) : file;
      for (const DpgQuestion& question : of_item) {
        asked.push_back({item, picture, question.id});
        questions.push_back({fmt::format("{}/{}/{}", item, picture, question.id),
                             {part},
                             question.text,
                             kMostTokens});
      }
    }
  }
  if (questions.empty()) fail("{}: no picture of a prompt of DPG-Bench", pictures.string());
  group.meet();
  run.questions = std::ssize(questions);
  const auto answers = ask_benchmark(pipeline, questions, run, folder, group);
  if (!group.leads()) return;
  std::string text;
  for (size_t i = 0; i < asked.size(); ++i)
    text +=
        dpg_answer_line(asked[i].item, asked[i].picture, asked[i].question, as_judged(answers[i]));
  write_file_atomically(folder / "answers.jsonl", text);
}

}  // namespace showo
