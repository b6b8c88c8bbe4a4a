#include "showo/benchmarks/vqav2.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/benchmarks/vqa_answers.h"

namespace showo {
namespace {

constexpr int64_t kVqaTokens = 16;  // lmms-eval's; the makers name none

struct VqaQuestion {
  int64_t id, image;
  std::string text;
};

struct Annotation {
  std::string question_type, answer_type;
  std::vector<std::string> answers;
  std::vector<size_t> same_person;  // the first answer whose record is the same but for its text
};

using Annotations = std::unordered_map<int64_t, Annotation>;   // by question
using AnswersById = std::unordered_map<int64_t, std::string>;  // by question
using Normalise = std::string (*)(const std::string& answer);

std::string official_form(const std::string& answer) { return vqa_normalised(answer); }
std::string vqa_lmms_eval_form(const std::string& answer) {
  return vqa_normalised(answer, VqaCommas::kLmmsEval);
}

Annotation annotation_of(const Entry& entry) {
  Annotation annotation{entry["question_type"].text(), entry["answer_type"].text(), {}, {}};
  const Entry answers = entry["answers"];
  std::vector<Json> records;
  for (size_t i = 0; i < answers.size(); ++i) {
    annotation.answers.push_back(vqa_trimmed(answers[i]["answer"].text()));
    Json record = answers[i].json();
    record.erase("answer");
    annotation.same_person.push_back(
        static_cast<size_t>(std::find(records.begin(), records.end(), record) - records.begin()));
    records.push_back(std::move(record));
  }
  if (records.empty()) fail("{}: 'answers': none", entry.where());
  return annotation;
}

bool all_equal(const std::vector<std::string>& answers) {
  return std::all_of(answers.begin(), answers.end(),
                     [&](const std::string& answer) { return answer == answers[0]; });
}

// Of 1. "Others" are those whose whole record differs.
double agreement(const Annotation& annotation, Normalise normalise, const std::string& prediction) {
  const size_t n = annotation.answers.size();
  std::vector<bool> equals(n);
  for (size_t i = 0; i < n; ++i)
    equals[i] =
        (normalise ? normalise(annotation.answers[i]) : annotation.answers[i]) == prediction;
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    int others = 0;
    for (size_t j = 0; j < n; ++j)
      others += equals[j] && !(equals[i] && annotation.same_person[i] == annotation.same_person[j]);
    sum += std::min(1.0, others / 3.0);
  }
  return sum / static_cast<double>(n);
}

// Python 2's round: exact, and of two equally near the one away from zero, which is met only where
// eight times the number is odd.
double rounded(double percent) {
  const double eighths = 8 * percent;
  const bool tie = eighths == std::floor(eighths) && std::fmod(eighths, 2) == 1;
  return tie ? std::ceil(percent * 100) / 100 : python::round(percent, 2);
}

struct Mean {
  double sum = 0, n = 0;
  void add(double value) { sum += value, ++n; }
  double value() const { return sum / n; }
};

struct AnswerMeans {
  Mean overall;
  std::map<std::string, Mean> by_question_type, by_answer_type;
  void add(const Annotation& annotation, double value) {
    overall.add(value);
    by_question_type[annotation.question_type].add(value);
    by_answer_type[annotation.answer_type].add(value);
  }
};

Json percentages(const std::map<std::string, Mean>& means) {
  Json json = Json::object();
  for (const auto& [name, mean] : means) json[name] = rounded(100 * mean.value());
  return json;
}

Json exact_match(const AnswerMeans& means) {
  Json types = Json::object();
  for (const auto& [name, mean] : means.by_answer_type) types[name] = mean.value();
  return {{"exact_match", means.overall.value()}, {"per_answer_type", types}};
}

class Scorer {
 public:
  // The normalised forms and values of lmms-eval are told where they differ from those before.
  void add(int64_t id, const Annotation& annotation, const std::string& prediction) {
    const std::string given = vqa_trimmed(prediction);
    const bool alike = all_equal(annotation.answers);
    const std::string form = official_form(given);
    const double official =
        agreement(annotation, alike ? nullptr : official_form, alike ? given : form);
    const std::string today = vqa_lmms_eval_form(given);
    const double lmms_eval = agreement(annotation, vqa_lmms_eval_form, today);
    std::string then = vqa_normalised_2024(prediction);
    if (!alike) then = vqa_lmms_eval_form(then);
    const double lmms_eval_2024 = agreement(annotation, alike ? nullptr : vqa_lmms_eval_form, then);

    Json json = {{"question_id", id}, {"official", rounded(100 * official)}, {"normalised", form}};
    if (alike) json["answers_all_equal"] = true;
    if (lmms_eval != official) json["lmms_eval"] = rounded(100 * lmms_eval);
    if (lmms_eval_2024 != lmms_eval) json["lmms_eval_2024"] = rounded(100 * lmms_eval_2024);
    if (today != form) json["lmms_eval_submission"] = today;
    if (then != today) json["lmms_eval_2024_submission"] = then;
    questions_.push_back(std::move(json));
    official_.add(annotation, official);
    lmms_eval_.add(annotation, lmms_eval);
    lmms_eval_2024_.add(annotation, lmms_eval_2024);
  }
  void add_missing(int64_t id, const Annotation& annotation) {
    questions_.push_back({{"question_id", id}, {"official", 0.0}});
    for (AnswerMeans* means : {&official_, &lmms_eval_, &lmms_eval_2024_})
      means->add(annotation, 0);
  }
  Json to_json() const {
    return {{"benchmark", "vqav2"},
            {"official",
             {{"n", questions_.size()},
              {"overall", rounded(100 * official_.overall.value())},
              {"per_question_type", percentages(official_.by_question_type)},
              {"per_answer_type", percentages(official_.by_answer_type)}}},
            {"lmms_eval", exact_match(lmms_eval_)},
            {"lmms_eval_2024", exact_match(lmms_eval_2024_)},
            {"questions", questions_}};
  }

 private:
  Json questions_ = Json::array();
  AnswerMeans official_, lmms_eval_, lmms_eval_2024_;
};

class Vqav2 : public Benchmark {
 public:
  explicit Vqav2(const fs::path& data)
      : folder_(folder_at(data)),
        path_(file_in(data, "v2_OpenEnded_mscoco_val2014_questions.json", "questions.json")) {
    const Json json = read_long_json(path_);
    const Entry file(json, path_.string());
    split_ = file["data_subtype"].text();
    if (split_.starts_with("test-dev")) split_.erase(4, 4);
    const Entry list = file["questions"];
    for (size_t i = 0; i < list.size(); ++i) {
      const Entry entry = list[i];
      const int64_t id = entry["question_id"].whole();
      if (!ids_.insert(id).second) fail("{}: question_id {} again", entry.where(), id);
      questions_.push_back({id, entry["image_id"].whole(), entry["question"].text()});
    }
    if (questions_.empty()) fail("{}: no questions", path_.string());
  }

  std::vector<BenchmarkQuestion> questions(Protocol protocol) const override {
    std::vector<BenchmarkQuestion> list;
    for (const VqaQuestion& question : questions_)
      list.push_back({std::to_string(question.id),
                      {picture_path(folder_, {split_, "images", ""},
                                    fmt::format("COCO_{}_{:012}.jpg", split_, question.image))},
                      question.text + (protocol == Protocol::kOfficial ? "" : kSingleWord),
                      kVqaTokens});
    require_pictures(list);
    return list;
  }

  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    require_answers(answers, questions_.size());
    Json list = Json::array();
    for (size_t i = 0; i < answers.size(); ++i)
      list.push_back({{"question_id", questions_[i].id}, {"answer", answers[i]}});
    make_folder(out);
    write_file_atomically(out / results_name(), json_text(list));
  }

  Json score(const fs::path& predictions) const override {
    Problems problems;
    const Annotations annotations = read_annotations();
    const AnswersById given =
        read_predictions(file_in(predictions, results_name(), "results.json"), problems);
    Scorer scorer;
    for (const VqaQuestion& question : questions_) {
      const Annotation& annotation = annotations.at(question.id);
      if (const auto found = given.find(question.id); found != given.end()) {
        scorer.add(question.id, annotation, found->second);
      } else {
        problems.add("missing", fmt::format("{}: question_id {}", path_.string(), question.id));
        scorer.add_missing(question.id, annotation);
      }
    }
    Json score = scorer.to_json();
    score["problems"] = problems.to_json();
    return score;
  }

 private:
  std::string results_name() const {
    const std::string ending = "questions.json", name = path_.filename().string();
    return (name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : "") +
           "results.json";
  }

  Annotations read_annotations() const {
    const fs::path path =
        file_in(folder_, "v2_mscoco_val2014_annotations.json", "annotations.json");
    const Json json = read_long_json(path);
    const Entry list = Entry(json, path.string())["annotations"];
    Annotations annotations;
    for (size_t i = 0; i < list.size(); ++i) {
      const int64_t id = list[i]["question_id"].whole();
      if (!ids_.contains(id))
        fail("{}: question_id {}: not in {}", list[i].where(), id, path_.string());
      annotations[id] = annotation_of(list[i]);
    }
    for (const VqaQuestion& question : questions_)
      if (!annotations.contains(question.id))
        fail("{}: no annotation of question_id {}", path.string(), question.id);
    return annotations;
  }

  AnswersById read_predictions(const fs::path& file, Problems& problems) const {
    AnswersById predictions;
    const Entries entries(file);
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry entry = entries[i];
      const int64_t id = entry["question_id"].whole();
      const std::string& answer = entry["answer"].text();
      const std::string where = fmt::format("{}: question_id {}", entry.where(), id);
      if (!ids_.contains(id)) {
        problems.add("unknown id", where);
      } else if (!predictions.insert_or_assign(id, answer).second) {
        problems.add("doubled", where);
      }
    }
    return predictions;
  }

  fs::path folder_, path_;
  std::string split_;
  std::vector<VqaQuestion> questions_;
  std::unordered_set<int64_t> ids_;
};

}  // namespace

std::unique_ptr<Benchmark> open_vqav2(const fs::path& data) {
  return std::make_unique<Vqav2>(data);
}

}  // namespace showo
