#include "showo/benchmarks/dpg.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "showo/benchmarks/csv.h"
#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/core/number.h"

namespace showo {
namespace {

constexpr int64_t kPictures = 4;

std::string stripped(std::string_view text) { return python::strip(text); }

int64_t whole(const std::string& text, const std::string& where, const char* what) {
  int64_t number = 0;
  if (read_number(stripped(text), number) != std::errc())
    fail("{}: {}: expected a whole number, found '{}'", where, what, text);
  return number;
}

// ---- Answers ----

struct Place {
  std::string item;
  int64_t picture, question;
  auto operator<=>(const Place&) const = default;
};
using Answers = std::map<Place, std::string>;

class AnswerReader {
 public:
  AnswerReader(const DpgItems& items, Problems& problems) : items_(items), problems_(problems) {}
  Answers read(const fs::path& file) {
    file.extension() == ".txt" ? read_record(file) : read_lines(file);
    return std::move(answers_);
  }

 private:
  void add(const Place& place, const std::string& answer, const std::string& where) {
    if (!answers_.emplace(place, answer).second)
      problems_.add("doubled", where + ": the first answer counts");
  }

  const std::vector<DpgQuestion>* questions_of(const std::string& item, const std::string& where) {
    const auto found = items_.find(item);
    if (found != items_.end()) return &found->second;
    problems_.add("unknown id", fmt::format("{}: prompt '{}': left out", where, item));
    return nullptr;
  }

  void read_lines(const fs::path& file) {
    const Entries lines(file);
    for (size_t i = 0; i < lines.size(); ++i) {
      const Entry line = lines[i];
      const Place place{line["item_id"].text(), line.has("picture") ? line["picture"].whole() : 0,
                        line["proposition_id"].whole()};
      if (place.picture < 0 || place.picture >= kPictures)
        fail("{}: 'picture': expected 0 to 3, found {}", line.where(), place.picture);
      const auto* questions = questions_of(place.item, line.where());
      if (!questions) continue;
      const bool known = std::any_of(questions->begin(), questions->end(),
                                     [&](const auto& q) { return q.id == place.question; });
      if (known)
        add(place, line["answer"].text(), line.where());
      else
        problems_.add("unknown id",
                      fmt::format("{}: question {}: left out", line.where(), place.question));
    }
  }

  // "pictures/key.png, (0, 0, 512, 512), Is there a cat?, yes": questions may hold commas, answers
  // none. A text that stands for several questions is met once for each, in their order.
  void read_record(const fs::path& file) {
    size_t number = 0;
    for (const std::string& line : python::lines(read_file(file))) {
      const std::string where = fmt::format("{}: line {}", file.string(), ++number);
      const size_t box = line.find(", ("), end = line.find("), ", box), last = line.rfind(", ");
      if (box == line.npos || end == line.npos || last < end + 3)
        fail("{}: expected 'picture, (box), question, answer'", where);
      const auto corners = python::split(line.substr(box + 3, end - box - 3), ",");
      if (corners.size() != 4) fail("{}: expected a box of four numbers", where);
      const int64_t picture =
          (whole(corners[0], where, "box") > 0) + 2 * (whole(corners[1], where, "box") > 0);
      const std::string name = fs::path(line.substr(0, box)).filename().string();
      const std::string item = name.substr(0, name.find('.'));
      const std::string text = line.substr(end + 3, last - end - 3);
      if (const auto* questions = questions_of(item, where))
        add_by_text(item, picture, *questions, text, line.substr(last + 2), where);
    }
  }

  void add_by_text(const std::string& item, int64_t picture,
                   const std::vector<DpgQuestion>& questions, const std::string& text,
                   const std::string& answer, const std::string& where) {
    std::optional<Place> met;
    for (const DpgQuestion& question : questions) {
      if (question.text != text) continue;
      met = Place{item, picture, question.id};
      if (!answers_.contains(*met)) return add(*met, answer, where);
    }
    if (met)
      add(*met, answer, where);
    else
      problems_.add("unknown id", fmt::format("{}: question '{}': left out", where, text));
  }

  const DpgItems& items_;
  Problems& problems_;
  Answers answers_;
};

// ---- Scores ----

using Scores = std::map<int64_t, double>;  // by question

// Zeroes what hangs on a no, in the order of the questions: a parent that was zeroed before is one.
// Nothing, and `unknown`, where a parent is no question of the prompt.
std::optional<double> score_picture(const std::vector<DpgQuestion>& questions, Scores scores,
                                    int64_t& unknown) {
  for (const DpgQuestion& question : questions) {
    for (const int64_t parent : question.parents) {
      if (parent == 0) continue;
      const auto found = scores.find(parent);
      unknown = parent;
      if (found == scores.end()) return std::nullopt;
      if (found->second != 0) continue;
      scores[question.id] = 0;
      break;
    }
  }
  double sum = 0;
  for (const auto& [id, score] : scores) sum += score;
  return sum / static_cast<double>(scores.size());
}

struct Means {
  double sum = 0;
  int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
};
using Categories = std::map<std::string, Means>;

Json percents(const Categories& categories) {
  Json json = Json::object();
  for (const auto& [name, means] : categories) json[name] = 100 * means.mean();
  return json;
}

struct Totals {
  Means items;
  int64_t pictures = 0;
  Categories l1, l2;
  Json by_item = Json::object();
};

// The answers to one picture; nothing, and the first that is missing, where they are not complete.
std::optional<Scores> scores_of(const std::vector<DpgQuestion>& questions, const Answers& answers,
                                const std::string& item, int64_t picture, int64_t& missing) {
  Scores scores;
  for (const DpgQuestion& question : questions) {
    const auto found = answers.find({item, picture, question.id});
    missing = question.id;
    if (found == answers.end()) return std::nullopt;
    scores[question.id] = found->second == "yes";
  }
  return scores;
}

void score_item(const std::string& item, const std::vector<DpgQuestion>& questions,
                const Answers& answers, Totals& totals, Problems& problems) {
  std::set<int64_t> pictures;
  for (auto at = answers.lower_bound({item, 0, std::numeric_limits<int64_t>::min()});
       at != answers.end() && at->first.item == item; ++at)
    pictures.insert(at->first.picture);
  if (pictures.empty()) return problems.add("missing", "prompt '" + item + "': left out");
  std::vector<double> found;
  Scores last;
  for (const int64_t picture : pictures) {
    int64_t question = 0;
    const auto scores = scores_of(questions, answers, item, picture, question);
    if (!scores)
      return problems.add("missing", fmt::format("prompt '{}': picture {}: question {}: the prompt "
                                                 "is left out",
                                                 item, picture, question));
    const auto score = score_picture(questions, *scores, question);
    if (!score)
      return problems.add("unknown parent",
                          fmt::format("prompt '{}': question {}: left out", item, question));
    found.push_back(*score);
    last = *scores;
  }
  Means mean;
  for (const double score : found) mean.add(score);
  totals.items.add(mean.mean());
  totals.pictures += std::ssize(found);
  totals.by_item[item] = {{"scores", found}, {"average", mean.mean()}};
  for (const DpgQuestion& question : questions) {
    totals.l2[question.category].add(last.at(question.id));
    totals.l1[stripped(question.category.substr(0, question.category.find('-')))].add(
        last.at(question.id));
  }
}

}  // namespace

DpgItems read_dpg(const fs::path& data) {
  const CsvTable table(file_in(data, "dpg_bench.csv", ".csv"));
  DpgItems items;
  std::string before;
  for (size_t row = 1; row < table.rows(); ++row) {
    const std::string& item = table.at(row, "item_id");
    if (item != before) items[item].clear();  // a prompt that comes again begins anew
    before = item;
    DpgQuestion question;
    question.id = whole(table.at(row, "proposition_id"), table.where(row), "proposition_id");
    for (const auto& parent : python::split(table.at(row, "dependency"), ","))
      question.parents.push_back(whole(parent, table.where(row), "dependency"));
    const std::string& category = table.at(row, "tuple");
    question.category = stripped(category.substr(0, category.find('(')));
    question.text = table.at(row, "question_natural_language");
    auto& questions = items[item];
    // One that comes again takes the first's place, as in a dictionary of Python.
    const auto same = std::find_if(questions.begin(), questions.end(),
                                   [&](const auto& other) { return other.id == question.id; });
    if (same == questions.end())
      questions.push_back(std::move(question));
    else
      *same = std::move(question);
  }
  if (items.empty()) fail("{}: no questions", data.string());
  return items;
}

std::string dpg_answer_line(const std::string& item, int64_t picture, int64_t question,
                            const std::string& answer) {
  return json_text({{"item_id", item},
                    {"picture", picture},
                    {"proposition_id", question},
                    {"answer", answer}}) +
         "\n";
}

Json score_dpg(const fs::path& data, const fs::path& answers) {
  const DpgItems items = read_dpg(data);
  Problems problems;
  const fs::path file = file_in(answers, "answers.jsonl", "_detail.txt");
  const Answers given = AnswerReader(items, problems).read(file);
  Totals totals;
  for (const auto& [item, questions] : items) score_item(item, questions, given, totals, problems);
  if (totals.items.count == 0) fail("{}: no prompt of the benchmark is answered", file.string());
  return {{"official",
           {{"score", 100 * totals.items.mean()},
            {"prompts", totals.items.count},
            {"pictures", totals.pictures},
            {"l1", percents(totals.l1)},
            {"l2", percents(totals.l2)}}},
          {"items", totals.by_item},
          {"problems", problems.to_json()}};
}

}  // namespace showo
