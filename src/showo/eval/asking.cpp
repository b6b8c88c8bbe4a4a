#include "showo/eval/asking.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "showo/core/log.h"
#include "showo/eval/run_folder.h"
#include "showo/image/decode.h"

namespace showo {
namespace {

constexpr size_t kAskedTogether = 32;  // questions that are answered at once

using Answers = std::map<std::string, std::string>;  // by the questions' ids

// Whole lines of all processes' files. A line that a kill left unfinished is not an answer.
Answers answers_in(const fs::path& folder) {
  Answers answers;
  for (const auto& item : fs::directory_iterator(folder)) {
    const std::string name = item.path().filename().string();
    if (!name.starts_with("answers-") || !name.ends_with(".jsonl")) continue;
    const std::string text = read_file(item.path());
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      const Json line = Json::parse(text.substr(at, end - at), nullptr, /*allow_exceptions=*/false);
      if (line.is_object() && line.contains("id") && line.contains("answer") &&
          line["id"].is_string() && line["answer"].is_string())
        answers[line["id"]] = line["answer"];
    }
  }
  return answers;
}

// A process's own file, on whose end a line is written at once.
class AnswerFile {
 public:
  explicit AnswerFile(const fs::path& path)
      : path_(path), file_(std::fopen(path.c_str(), "a"), &std::fclose) {
    if (!file_) fail("{}: cannot be written", path.string());
    write("\n");  // behind what a kill left unfinished
  }
  void add(const std::string& id, const std::string& answer) {
    // What is no UTF-8, of an answer cut within a character, is replaced.
    const Json line = {{"id", id}, {"answer", answer}};
    write(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

 private:
  void write(const std::string& text) {
    if (std::fputs(text.c_str(), file_.get()) < 0 || std::fflush(file_.get()) != 0)
      fail("{}: cannot be written", path_.string());
  }
  fs::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// Neighbouring questions are mostly about the same pictures, which are looked at once.
class Eyes {
 public:
  explicit Eyes(Pipeline& pipeline) : pipeline_(pipeline) {}
  const Seen& see(const std::vector<fs::path>& pictures) {
    if (!seen_ || pictures != pictures_) {
      std::vector<Image> images;
      for (const auto& picture : pictures) images.push_back(read_image(picture));
      seen_ = pipeline_.see(images);
      pictures_ = pictures;
    }
    return *seen_;
  }

 private:
  Pipeline& pipeline_;
  std::vector<fs::path> pictures_;
  std::optional<Seen> seen_;
};

}  // namespace

std::vector<std::string> ask_benchmark(Pipeline& pipeline,
                                       const std::vector<BenchmarkQuestion>& questions,
                                       const AskedRun& run, const fs::path& folder, Group& group) {
  claim_run(folder, config_to_json(run), group);
  const Answers before = answers_in(folder);
  std::vector<const BenchmarkQuestion*> left;
  for (size_t i = 0; i < questions.size(); ++i) {
    const size_t share = i * static_cast<size_t>(group.size()) / questions.size();
    if (std::cmp_equal(share, group.rank()) && !before.contains(questions[i].id))
      left.push_back(&questions[i]);
  }
  {
    AnswerFile file(folder / fmt::format("answers-{}.jsonl", group.rank()));
    Progress progress(run.benchmark, std::ssize(left));
    Eyes eyes(pipeline);
    for (size_t begin = 0; begin < left.size(); begin += kAskedTogether) {
      const size_t end = std::min(begin + kAskedTogether, left.size());
      std::vector<std::shared_ptr<TextJob>> jobs;
      for (size_t i = begin; i < end; ++i) {
        TextOptions options;
        options.max_tokens = left[i]->max_tokens;
        jobs.push_back(
            pipeline.answering(eyes.see(left[i]->pictures), left[i]->prompt, options, /*seed=*/0));
      }
      pipeline.engine().run({jobs.begin(), jobs.end()});
      for (size_t i = begin; i < end; ++i)
        file.add(left[i]->id, pipeline.answer_of(*jobs[i - begin]).text);
      progress.update(static_cast<int64_t>(end));
    }
  }
  group.meet();
  const Answers all = answers_in(folder);
  std::vector<std::string> answers;
  for (const auto& question : questions) {
    const auto found = all.find(question.id);
    if (found == all.end()) fail("{}: no answer to {}", folder.string(), question.id);
    answers.push_back(found->second);
  }
  return answers;
}

}  // namespace showo
