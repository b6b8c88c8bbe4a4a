#include "showo/benchmarks/mmmu.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/mmmu_answers.h"
#include "showo/benchmarks/mmmu_questions.h"
#include "showo/benchmarks/python_random.h"
#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

constexpr uint32_t kOfficialSeed = 42;

int64_t max_tokens(Protocol protocol) { return protocol == Protocol::kOfficial ? 128 : 16; }

// Right ones and all, of subjects, of their domains and of everything.
class Accuracies {
 public:
  void add(const std::string& subject, bool right) {
    for (Count* count : {&by_subject_[subject], &overall_}) count->right += right, ++count->all;
  }
  Json to_json() const {
    Json json = {{"overall", overall_.to_json()}};
    for (const auto& [subject, count] : by_subject_) json["subjects"][subject] = count.to_json();
    for (const auto& [domain, count] : by_domain()) json["domains"][domain] = count.to_json();
    return json;
  }
  // As main_eval_only.py prints them.
  Json printed() const {
    Json json = {{"Overall", overall_.printed()}};
    for (const auto& [subject, count] : by_subject_) json[subject] = count.printed();
    for (const auto& [domain, count] : by_domain()) json["Overall-" + domain] = count.printed();
    return json;
  }

 private:
  struct Count {
    int64_t right = 0, all = 0;
    double share() const { return all ? static_cast<double>(right) / all : 0; }
    Json to_json() const {
      return {{"correct", right}, {"n", all}, {"accuracy", python::round(share(), 6)}};
    }
    Json printed() const { return {{"num", all}, {"acc", python::round(share(), 3)}}; }
  };
  std::map<std::string, Count> by_domain() const {
    std::map<std::string, Count> domains;
    for (const auto& [name, domain] : kMmmuSubjects) {
      Count& count = domains[domain];
      if (const auto found = by_subject_.find(name); found != by_subject_.end())
        count.right += found->second.right, count.all += found->second.all;
    }
    return domains;
  }

  std::map<std::string, Count> by_subject_;
  Count overall_;
};

std::vector<MmmuGuess> truths_of(const MmmuTruth& truth) {
  std::vector<MmmuGuess> all;
  for (const std::string& answer : truth.answers)
    for (MmmuGuess& one : mmmu_truth(answer)) all.push_back(std::move(one));
  return all;
}

bool is_letter_of(const MmmuTruth& truth, const std::optional<std::string>& letter) {
  return letter && std::count(truth.answers.begin(), truth.answers.end(), *letter) > 0;
}

// Since 0.3.5 lmms-eval looks for the true answer in each character of the first guess; of one
// character it makes two, so only an empty one is found.
bool matches_in_a_character(const std::vector<MmmuGuess>& truth,
                            const std::vector<MmmuGuess>& guesses) {
  const MmmuGuess empty = std::string();
  return guesses[0] != empty && std::count(truth.begin(), truth.end(), empty) > 0;
}

// Numbers ascending, then texts.
Json sorted_json(std::vector<MmmuGuess> guesses) {
  std::sort(guesses.begin(), guesses.end(), [](const MmmuGuess& a, const MmmuGuess& b) {
    if (a.index() != b.index()) return a.index() > b.index();
    return a < b;
  });
  Json json = Json::array();
  for (const MmmuGuess& guess : guesses) {
    const double* number = std::get_if<double>(&guess);
    if (!number) {
      json.push_back(std::get<std::string>(guess));
    } else if (std::isfinite(*number)) {
      json.push_back(*number);
    } else {
      json.push_back(fmt::format("<float {}>", *number));
    }
  }
  return json;
}

MmmuChoices choices_of(const Entry& entry) {
  MmmuChoices choices;
  const Entry letters = entry["all_choices"], options = entry["index2ans"];
  for (size_t i = 0; i < letters.size(); ++i) choices.letters.push_back(letters[i].text());
  if (choices.letters.empty()) fail("{}: none", letters.where());
  if (!options.json().is_object()) fail("{}: expected an object", options.where());
  for (const auto& [letter, option] : options.json().items())
    choices.options.emplace_back(letter, options[letter.c_str()].text());
  return choices;
}

// What the scripts make of the responses of output.json files.
class MmmuScorer {
 public:
  void add(const std::string& subject, const Entry& entry, const MmmuTruth& truth) {
    Json& json = questions_[entry["id"].text()];
    json = Json::object();
    const std::string& response = entry["response"].text();
    truth.choice ? add_choice(subject, response, choices_of(entry), truth, json)
                 : add_open(subject, response, truth, json);
  }
  Json to_json() const {
    return {{"benchmark", "mmmu"},
            {"official_random", random_.to_json()},
            {"official_unparsed_wrong", official_.to_json()},
            {"unparsed", unparsed_},
            {"lmms_eval_2024_unparsed_wrong", lmms_eval_2024_.to_json()},
            {"lmms_eval_unparsed", lmms_eval_unparsed_},
            {"lmms_eval_head_unparsed_wrong", {{"overall", lmms_eval_head_.to_json()["overall"]}}},
            {"questions", questions_}};
  }

 private:
  void add_choice(const std::string& subject, const std::string& response,
                  const MmmuChoices& choices, const MmmuTruth& truth, Json& json) {
    const auto letter = mmmu_choice(response, choices);
    const auto lmms_letter = mmmu_choice_lmms_eval(response, choices);
    const bool right = is_letter_of(truth, letter), lmms_right = is_letter_of(truth, lmms_letter);
    bool random_right = right;
    json = {{"parsed", letter ? Json(*letter) : Json()}, {"correct", int(right)}};
    if (!letter) {
      const std::string& drawn = choices.letters[draws_.choice(choices.letters.size())];
      random_right = is_letter_of(truth, drawn);
      json.update({{"random", drawn}, {"random_correct", int(random_right)}});
    }
    if (lmms_letter != letter) json["lmms"] = lmms_letter ? Json(*lmms_letter) : Json();
    if (lmms_right != right) json["lmms_correct"] = int(lmms_right);
    unparsed_ += !letter;
    lmms_eval_unparsed_ += !lmms_letter;
    add_verdicts(subject, right, random_right, lmms_right, lmms_right);
  }
  void add_open(const std::string& subject, const std::string& response, const MmmuTruth& truth,
                Json& json) {
    const auto guesses = mmmu_guesses(response);
    const auto truths = truths_of(truth);
    const bool right = mmmu_matches(truths, guesses);
    json = {{"parsed", sorted_json(guesses)}, {"correct", int(right)}};
    add_verdicts(subject, right, right, right, matches_in_a_character(truths, guesses));
  }
  void add_verdicts(const std::string& subject, bool official, bool random, bool lmms_2024,
                    bool lmms_head) {
    official_.add(subject, official);
    random_.add(subject, random);
    lmms_eval_2024_.add(subject, lmms_2024);
    lmms_eval_head_.add(subject, lmms_head);
  }

  python::Random draws_{kOfficialSeed};
  Accuracies official_, random_, lmms_eval_2024_, lmms_eval_head_;
  int64_t unparsed_ = 0, lmms_eval_unparsed_ = 0;
  Json questions_ = Json::object();
};

class Mmmu : public Benchmark {
 public:
  explicit Mmmu(const fs::path& data) : data_(data) {
    if (!is_file(data)) questions_ = read_mmmu_questions(data);
    for (const MmmuQuestion& question : questions_) truths_[question.id] = question.truth;
    if (questions_.empty()) read_answers(file_in(data, "answer_dict_val.json", "answer_dict.json"));
  }

  std::vector<BenchmarkQuestion> questions(Protocol protocol) const override {
    std::vector<BenchmarkQuestion> list;
    for (const MmmuQuestion& question : asked()) {
      BenchmarkQuestion one{question.id, {}, mmmu_prompt(question, protocol), max_tokens(protocol)};
      auto numbers = question.pictures;
      if (protocol == Protocol::kOfficial) numbers = {1};
      for (const int number : numbers)
        one.pictures.push_back(
            picture_path(data_, {"images"}, fmt::format("{}_{}.png", question.id, number)));
      list.push_back(std::move(one));
    }
    require_pictures(list);
    return list;
  }

  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    require_answers(answers, asked().size());
    std::map<std::string, Json> by_subject;
    for (size_t i = 0; i < answers.size(); ++i)
      by_subject[mmmu_subject_of(questions_[i].id)].push_back(
          prediction(questions_[i], answers[i]));
    for (const auto& [subject, list] : by_subject) {
      make_folder(out / subject);
      write_file_atomically(out / subject / "output.json", json_text(list));
    }
  }

  Json score(const fs::path& predictions) const override {
    return is_file(predictions) ? score_understood(predictions) : score_responses(predictions);
  }

 private:
  void read_answers(const fs::path& path) {
    const EntriesById entries(path);
    if (!entries.doubled().empty())
      fail("{}: '{}' stands there twice", path.string(), entries.doubled()[0]);
    for (const std::string& id : entries.ids()) {
      const Entry entry = entries[id];
      truths_[id] =
          mmmu_truth_of(entry["question_type"].text(), entry["ground_truth"].json(), entry.where());
    }
    if (truths_.empty()) fail("{}: no answers", path.string());
  }

  const std::vector<MmmuQuestion>& asked() const {
    if (questions_.empty())
      fail("{}: expected the questions in validation.jsonl, or in <subject>/validation.jsonl",
           data_.string());
    return questions_;
  }

  static Json prediction(const MmmuQuestion& question, const std::string& answer) {
    const auto& truths = question.truth.answers;
    Json json = {{"id", question.id},
                 {"question_type", question.truth.choice ? "multiple-choice" : "short-answer"},
                 {"answer", truths.size() == 1 ? Json(truths[0]) : Json(truths)},
                 {"response", answer}};
    if (!question.truth.choice) return json;
    json["all_choices"] = question.choices.letters;
    for (const auto& [letter, option] : question.choices.options)
      json["index2ans"][letter] = option;
    return json;
  }

  Json score_responses(const fs::path& folder) const {
    Problems problems;
    MmmuScorer scorer;
    std::set<std::string> seen;
    for (const MmmuSubject& subject : kMmmuSubjects) {
      const fs::path file = folder / subject.name / "output.json";
      if (!is_file(file)) continue;
      const Entries entries(file);
      for (size_t i = 0; i < entries.size(); ++i) {
        const Entry entry = entries[i];
        const MmmuTruth truth =
            mmmu_truth_of(entry["question_type"].text(), entry["answer"].json(), entry.where());
        check(entry, truth, seen, problems);
        scorer.add(subject.name, entry, truth);
      }
    }
    if (seen.empty())
      fail("{}: expected <subject>/output.json, such as {}/output.json", folder.string(),
           kMmmuSubjects[0].name);
    add_unknown_subjects(folder, problems);
    return with_problems(scorer.to_json(), seen, problems);
  }

  void check(const Entry& entry, const MmmuTruth& truth, std::set<std::string>& seen,
             Problems& problems) const {
    const std::string& id = entry["id"].text();
    const std::string where = fmt::format("{}: '{}'", entry.where(), id);
    const auto known = truths_.find(id);
    if (!seen.insert(id).second) problems.add("doubled", where);
    if (known == truths_.end()) {
      problems.add("unknown id", where);
    } else if (known->second != truth) {
      problems.add("another truth", where);
    }
  }

  static void add_unknown_subjects(const fs::path& folder, Problems& problems) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (!is_mmmu_subject(at->path().filename().string()) && is_file(at->path() / "output.json"))
        problems.add("unknown subject", (at->path() / "output.json").string());
  }

  Json score_understood(const fs::path& path) const {
    Problems problems;
    Accuracies accuracies;
    Json details = Json::object();
    std::set<std::string> seen;
    const EntriesById entries(path);
    for (const std::string& id : entries.doubled())
      problems.add("doubled", fmt::format("{}: '{}'", path.string(), id));
    for (const std::string& id : entries.ids()) {
      const std::string& answer = entries[id].text();
      const auto known = truths_.find(id);
      const std::string subject = mmmu_subject_of(id);
      if (known == truths_.end() || !is_mmmu_subject(subject)) {
        problems.add(known == truths_.end() ? "unknown id" : "unknown subject",
                     entries[id].where());
        continue;
      }
      seen.insert(id);
      const MmmuTruth& truth = known->second;
      const bool right = truth.choice ? is_letter_of(truth, answer)
                                      : mmmu_matches(truths_of(truth), mmmu_guesses(answer));
      accuracies.add(subject, right);
      details[id] = {{"correct", int(right)}};
    }
    return with_problems({{"benchmark", "mmmu"},
                          {"official_eval_only_printed", accuracies.printed()},
                          {"questions", details}},
                         seen, problems);
  }

  Json with_problems(Json score, const std::set<std::string>& seen, Problems& problems) const {
    for (const auto& [id, truth] : truths_)
      if (!seen.contains(id)) problems.add("missing", fmt::format("'{}'", id));
    score["problems"] = problems.to_json();
    return score;
  }

  fs::path data_;
  std::vector<MmmuQuestion> questions_;
  std::map<std::string, MmmuTruth> truths_;
};

}  // namespace

std::unique_ptr<Benchmark> open_mmmu(const fs::path& data) { return std::make_unique<Mmmu>(data); }

}  // namespace showo
