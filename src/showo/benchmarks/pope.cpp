#include "showo/benchmarks/pope.h"

#include <algorithm>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

constexpr int64_t kPopeTokens = 128;  // lmms-eval's; the makers name none

struct PopeQuestion {
  std::string id, picture, text;
  bool yes;
};

struct Category {
  std::string name;
  std::vector<PopeQuestion> questions;
};

std::string file_of(const std::string& category, const char* ending) {
  return "coco_pope_" + category + ending;
}

bool says_yes(const std::string& answer) {
  const std::string sentence = python::replace(answer.substr(0, answer.find('.')), ",", "");
  const auto words = python::split(sentence, " ");
  return std::none_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "No" || word == "not" || word == "no";
  });
}

// Yes is positive.
struct Confusion {
  int64_t tp = 0, fp = 0, tn = 0, fn = 0;
  void add(bool said, bool truth) { ++(said ? (truth ? tp : fp) : (truth ? fn : tn)); }
};

Json ratio(double part, double whole) { return whole == 0 ? Json() : Json(part / whole); }

Json f1_of(const Json& precision, const Json& recall) {
  if (precision.is_null() || recall.is_null()) return nullptr;
  const double p = precision, r = recall;
  return ratio(2 * p * r, p + r);
}

Json or_zero(const Json& ratio) { return ratio.is_null() ? Json(0.0) : ratio; }

// Without the share of yes, which differs.
Json measures(const Confusion& c) {
  const Json precision = ratio(c.tp, c.tp + c.fp), recall = ratio(c.tp, c.tp + c.fn);
  return {{"precision", precision}, {"recall", recall}, {"f1", f1_of(precision, recall)}};
}

Json official_score(const Category& category, const std::vector<std::string>& answers,
                    Problems& problems) {
  Confusion c;
  for (size_t i = 0; i < std::min(answers.size(), category.questions.size()); ++i)
    c.add(says_yes(answers[i]), category.questions[i].yes);
  Json score = measures(c);
  const int64_t n = c.tp + c.fp + c.tn + c.fn;
  score.update({{"n", n}, {"TP", c.tp}, {"FP", c.fp}, {"TN", c.tn}, {"FN", c.fn}});
  score["accuracy"] = ratio(c.tp + c.tn, n);
  score["yes_ratio"] = ratio(std::count_if(answers.begin(), answers.end(), says_yes),
                             static_cast<double>(answers.size()));
  for (const auto& [name, value] : score.items())
    if (value.is_null()) problems.add("undefined", category.name + ": " + name);
  return score;
}

struct Pair {
  std::string answer;
  bool truth;
};

// Its accuracy counts what is neither yes nor no as wrong, its other figures leave that out; its
// share of yes is the labels'.
Json lmms_eval_score(const std::vector<Pair>& pairs) {
  Confusion c;
  int64_t right = 0, yes = 0;
  for (const auto& [answer, truth] : pairs) {
    const std::string said = python::strip(python::lower(python::strip(answer)));
    if (said == "yes" || said == "no") c.add(said == "yes", truth);
    right += said == (truth ? "yes" : "no");
    yes += truth;
  }
  Json score = measures(c);
  const auto n = static_cast<double>(pairs.size());
  score.update({{"accuracy", ratio(right, n)}, {"yes_ratio", ratio(yes, n)}});
  for (auto& value : score) value = or_zero(value);
  score["n"] = pairs.size();
  return score;
}

class Pope : public Benchmark {
 public:
  explicit Pope(const fs::path& data) : data_(data) {
    for (const char* name : {"random", "popular", "adversarial"})
      if (const fs::path file = data / file_of(name, ".json"); is_file(file))
        categories_.push_back(read(name, file));
    if (categories_.empty()) fail("{}: expected coco_pope_random.json", data.string());
  }

  std::vector<BenchmarkQuestion> questions(Protocol protocol) const override {
    std::vector<BenchmarkQuestion> list;
    for (const Category& category : categories_) {
      for (const PopeQuestion& question : category.questions) {
        list.push_back({category.name + "/" + question.id,
                        {picture_path(data_, {"val2014", "images", ""}, question.picture)},
                        protocol == Protocol::kOfficial
                            ? question.text
                            : python::strip(question.text) + kSingleWord,
                        kPopeTokens,
                        question.yes ? "yes" : "no",
                        category.name});
      }
    }
    require_pictures(list);
    return list;
  }

  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    size_t total = 0, at = 0;
    for (const Category& category : categories_) total += category.questions.size();
    require_answers(answers, total);
    make_folder(out);
    for (const Category& category : categories_) {
      std::string lines;
      for (const PopeQuestion& question : category.questions)
        lines += json_text({{"question", question.text}, {"answer", answers[at++]}}) + "\n";
      write_file_atomically(out / file_of(category.name, "_answers.json"), lines);
    }
  }

  Json score(const fs::path& predictions) const override {
    Json official, lmms_eval, parsed;
    Problems problems;
    std::vector<Pair> all;
    for (const Category& category : categories_) {
      const fs::path file = answers_file(category, predictions);
      const auto answers = read_answers(category, file, problems);
      if (!is_file(file)) continue;
      std::vector<Pair> pairs;
      for (size_t i = 0; i < std::min(answers.size(), category.questions.size()); ++i)
        pairs.push_back({answers[i], category.questions[i].yes});
      official[category.name] = official_score(category, answers, problems);
      lmms_eval[category.name] = lmms_eval_score(pairs);
      all.insert(all.end(), pairs.begin(), pairs.end());
      std::string said;
      for (const std::string& answer : answers) said += says_yes(answer) ? 'y' : 'n';
      parsed[category.name] = said;
    }
    if (official.is_null())
      fail("{}: expected {}", predictions.string(), file_of(categories_[0].name, "_answers.json"));
    lmms_eval["all"] = lmms_eval_score(all);
    const Json accuracy = mean(official, "accuracy"), f1 = mean(official, "f1");
    official.update({{"mean_accuracy", accuracy}, {"mean_f1", f1}});
    return {{"benchmark", "pope"},
            {"official", official},
            {"parsed", parsed},
            {"lmms_eval", lmms_eval},
            {"problems", problems.to_json()}};
  }

 private:
  static Category read(const std::string& name, const fs::path& file) {
    Category category{name, {}};
    const Entries entries(file);
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry entry = entries[i];
      const std::string& label = entry["label"].text();
      if (label != "yes" && label != "no")
        fail("{}: 'label': expected yes or no, found '{}'", entry.where(), label);
      category.questions.push_back({std::to_string(entry["question_id"].whole()),
                                    entry["image"].text(), entry["text"].text(), label == "yes"});
    }
    if (category.questions.empty()) fail("{}: no questions", file.string());
    return category;
  }

  // A file is one category's only.
  static fs::path answers_file(const Category& category, const fs::path& predictions) {
    const std::string name = predictions.filename().string();
    return is_file(predictions) && name.find(category.name) != std::string::npos
               ? predictions
               : predictions / file_of(category.name, "_answers.json");
  }

  static std::vector<std::string> read_answers(const Category& category, const fs::path& file,
                                               Problems& problems) {
    std::vector<std::string> answers;
    const Entries entries = is_file(file) ? Entries(file) : Entries();
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry entry = entries[i];
      answers.push_back(entry["answer"].text());
      if (i >= category.questions.size()) {
        problems.add("too many", entry.where());
      } else if (entry.has("question") && entry["question"].text() != category.questions[i].text) {
        problems.add("another question", entry.where());
      }
    }
    for (size_t i = answers.size(); i < category.questions.size(); ++i)
      problems.add("missing",
                   fmt::format("{}: question {}", file.string(), category.questions[i].id));
    return answers;
  }

  static Json mean(const Json& categories, const char* figure) {
    double sum = 0;
    for (const auto& category : categories) {
      if (category[figure].is_null()) return nullptr;
      sum += category[figure].get<double>();
    }
    return sum / static_cast<double>(categories.size());
  }

  fs::path data_;
  std::vector<Category> categories_;
};

}  // namespace

std::unique_ptr<Benchmark> open_pope(const fs::path& data) { return std::make_unique<Pope>(data); }

}  // namespace showo
