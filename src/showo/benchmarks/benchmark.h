// A benchmark of the field: what a model is asked, the file that its makers want answers in, and
// their score of such a file. A file a benchmark; the table of all is benchmarks.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "showo/core/config.h"
#include "showo/core/files.h"

namespace showo {

/// Whose prompts are asked: those of the benchmark's own makers, or lmms-eval's, which the paper's
/// authors used.
enum class Protocol { kOfficial, kLmmsEval };

/// What lmms-eval, like LLaVA, puts after questions with short answers.
inline constexpr char kSingleWord[] = "\nAnswer the question using a single word or phrase.";

struct BenchmarkQuestion {
  std::string id;                  // unique in the benchmark; for messages and for going on
  std::vector<fs::path> pictures;  // that it is about, in the order of the prompt
  std::string prompt;
  int64_t max_tokens = 0;  // of an answer, as the protocol has it
  // For looking through answers; scores go by the files. Empty where there is no one truth.
  std::string truth = {}, kind = {};
};

/// What was wrong with given predictions: how often each kind of fault was met, and the first
/// places of each. Nothing that stands here was passed over in silence.
class Problems {
 public:
  /// `kind`: "missing", "unknown id", "doubled" …; `where` names the file and the entry.
  void add(const std::string& kind, const std::string& where);
  bool empty() const { return found_.empty(); }
  /// {kind: {count, first: [where, …]}}
  Json to_json() const;

 private:
  struct Found {
    int64_t count = 0;
    std::vector<std::string> first;
  };
  std::map<std::string, Found> found_;
};

/// Data files are found in a folder by their official names.
class Benchmark {
 public:
  virtual ~Benchmark() = default;
  /// In the order of the files. Throws Error naming what is missing or damaged; a picture that is
  /// not there is named before anything is asked.
  virtual std::vector<BenchmarkQuestion> questions(Protocol protocol) const = 0;
  /// Writes a model's answers, as many as questions, as the benchmark's submission: files in the
  /// folder `out` that `score` reads.
  virtual void write_predictions(const fs::path& out,
                                 const std::vector<std::string>& answers) const = 0;
  /// Scores predictions, a file or a folder as submissions are: {"official": …, "lmms_eval": …} and
  /// under "problems" what was wrong with them; "lmms_eval_2024", of the time of the paper, where
  /// that differs. Throws Error naming the file where nothing can be scored.
  virtual Json score(const fs::path& predictions) const = 0;
};

}  // namespace showo
