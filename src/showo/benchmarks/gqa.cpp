#include "showo/benchmarks/gqa.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

constexpr int64_t kGqaTokens = 16;  // lmms-eval's; the makers name none

struct GqaQuestion {
  std::string id, picture, text, answer, structural, semantic;
  std::optional<std::string> group;
  size_t steps = 0, words = 0;
  bool balanced = false;
};

using Predictions = std::unordered_map<std::string, std::string>;  // by question

// Steps of the program but for those that only ask for its result.
size_t steps_of(const Entry& program) {
  size_t steps = 0;
  for (size_t i = 0; i < program.size(); ++i) {
    const Entry step = program[i];
    const std::string text = step["operation"].text() + ": " + step["argument"].text();
    const char* const asking[] = {"exist", "query: name", "choose name"};
    steps += std::none_of(std::begin(asking), std::end(asking),
                          [&](const char* words) { return text.find(words) != std::string::npos; });
  }
  return steps;
}

GqaQuestion question_of(const std::string& id, const Entry& entry) {
  GqaQuestion question;
  question.id = id;
  question.picture = entry["imageId"].text() + ".jpg";
  question.text = entry["question"].text();
  question.answer = entry["answer"].text();
  question.structural = entry["types"]["structural"].text();
  question.semantic = entry["types"]["semantic"].text();
  if (const Entry group = entry["groups"]["global"]; !group.json().is_null())
    question.group = group.text();
  question.steps = steps_of(entry["semantic"]);
  question.words = python::words(question.text).size();
  question.balanced = entry["isBalanced"].flag();
  return question;
}

std::string llava_conversion(const std::string& response) {
  return python::lower(python::rstrip(response, '.'));
}

// Through NumPy's arrays, whose strings are as long after lower() as before and end where the zeros
// at their end begin.
std::string lmms_eval_form(const std::string& text) {
  std::string form = python::first_characters(python::lower(text), python::characters(text).size());
  std::erase_if(form, [](char c) { return c > ' ' && c < 127 && !std::isalnum(c); });
  return std::string(python::rstrip(form, '\0'));
}

struct Share {
  double right = 0, all = 0;
  void add(bool is_right) { right += is_right, ++all; }
  double percent() const { return all == 0 ? 0 : 100 * right / all; }
};

class Distribution {
 public:
  void add(const std::string& group, const std::string& truth, const std::string* predicted) {
    ++truths_[group][truth];
    if (predicted) ++predictions_[group][*predicted];
  }
  // χ² over each group's true answers, averaged by the groups' sizes, / 100.
  Json value() const {
    double sum = 0, all = 0;
    for (const auto& [group, truths] : truths_) {
      double distance = 0, size = 0;
      for (const auto& [answer, expected] : truths) {
        const double observed = predicted(group, answer);
        distance += (observed - expected) * (observed - expected) / expected;
        size += expected;
      }
      sum += distance * size;
      all += size;
    }
    return all == 0 ? Json() : Json(sum / all / 100);
  }

 private:
  using Counts = std::map<std::string, std::map<std::string, double>>;  // by group, by answer
  double predicted(const std::string& group, const std::string& answer) const {
    const auto counts = predictions_.find(group);
    if (counts == predictions_.end()) return 0;
    const auto count = counts->second.find(answer);
    return count == counts->second.end() ? 0 : count->second;
  }
  Counts truths_, predictions_;
};

// What the official script makes of predictions.
class Measures {
 public:
  void add(const GqaQuestion& question, const std::string* predicted) {
    const bool right = predicted && *predicted == question.answer;
    all_.add(right);
    (question.structural == "query" ? open_ : binary_).add(right);
    by_["structural"][question.structural].add(right);
    by_["semantic"][question.semantic].add(right);
    by_["steps"][std::to_string(question.steps)].add(right);
    by_["words"][std::to_string(question.words)].add(right);
    if (question.group) distribution_.add(*question.group, question.answer, predicted);
  }
  Json to_json() const {
    Json json = {{"accuracy", all_.percent()},
                 {"binary", binary_.percent()},
                 {"open", open_.percent()},
                 {"validity", 0.0},  // both need the choices file, which testdev lacks
                 {"plausibility", 0.0},
                 {"distribution", distribution_.value()}};
    for (const auto& [kind, shares] : by_)
      for (const auto& [name, share] : shares)
        json[kind][name] = {{"accuracy", share.percent()}, {"questions", share.all}};
    return json;
  }

 private:
  Share all_, binary_, open_;
  std::map<std::string, std::map<std::string, Share>> by_;
  Distribution distribution_;
};

class Gqa : public Benchmark {
 public:
  explicit Gqa(const fs::path& data)
      : folder_(folder_at(data)),
        path_(file_in(data, "testdev_balanced_questions.json", "questions.json")) {
    const EntriesById entries(path_);
    if (!entries.doubled().empty())
      fail("{}: question '{}' stands there twice", path_.string(), entries.doubled()[0]);
    for (const std::string& id : entries.ids()) questions_.push_back(question_of(id, entries[id]));
    if (questions_.empty()) fail("{}: no questions", path_.string());
  }

  std::vector<BenchmarkQuestion> questions(Protocol protocol) const override {
    std::vector<BenchmarkQuestion> list;
    for (const GqaQuestion& question : questions_)
      list.push_back({question.id,
                      {picture_path(folder_, {"images"}, question.picture)},
                      question.text + (protocol == Protocol::kOfficial ? "" : kSingleWord),
                      kGqaTokens,
                      question.answer,
                      question.structural});
    require_pictures(list);
    return list;
  }

  // As LLaVA hands in: the official comparison is to the letter.
  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    require_answers(answers, questions_.size());
    Json list = Json::array();
    for (size_t i = 0; i < answers.size(); ++i)
      list.push_back({{"questionId", questions_[i].id},
                      {"prediction", llava_conversion(python::strip(answers[i]))}});
    make_folder(out);
    write_file_atomically(out / "testdev_predictions.json", json_text(list));
  }

  Json score(const fs::path& predictions) const override {
    Problems problems;
    const Predictions given =
        read(file_in(predictions, "testdev_predictions.json", "predictions.json"), problems);
    Measures official, converted;
    Share exact;
    Json details = Json::object();
    for (const GqaQuestion& question : questions_) {
      if (!question.balanced) continue;
      const auto found = given.find(question.id);
      if (found == given.end()) {
        problems.add("missing", fmt::format("{}: question '{}'", path_.string(), question.id));
        official.add(question, nullptr);
        converted.add(question, nullptr);
        exact.add(false);
        details[question.id] = {0, 0, 0};
        continue;
      }
      const std::string& answer = found->second;
      const std::string llava = llava_conversion(answer);
      const bool same = lmms_eval_form(python::strip(answer)) == lmms_eval_form(question.answer);
      official.add(question, &answer);
      converted.add(question, &llava);
      exact.add(same);
      details[question.id] = {int(answer == question.answer), int(llava == question.answer),
                              int(same)};
    }
    return {{"benchmark", "gqa"},
            {"official", official.to_json()},
            {"llava_conversion", converted.to_json()},
            {"lmms_eval", {{"exact_match", exact.percent() / 100}}},
            {"questions", details},
            {"problems", problems.to_json()}};
  }

 private:
  Predictions read(const fs::path& file, Problems& problems) const {
    Predictions predictions;
    for (const GqaQuestion& question : questions_) predictions.emplace(question.id, "");
    std::unordered_map<std::string, std::string> given;
    const Entries entries(file);
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry entry = entries[i];
      const std::string& id = entry["questionId"].text();
      const std::string& answer = entry["prediction"].text();
      if (!predictions.contains(id)) {
        problems.add("unknown id", fmt::format("{}: '{}'", entry.where(), id));
      } else if (!given.insert_or_assign(id, answer).second) {
        problems.add("doubled", fmt::format("{}: '{}'", entry.where(), id));
      }
    }
    return given;
  }

  fs::path folder_, path_;
  std::vector<GqaQuestion> questions_;
};

}  // namespace

std::unique_ptr<Benchmark> open_gqa(const fs::path& data) { return std::make_unique<Gqa>(data); }

}  // namespace showo
