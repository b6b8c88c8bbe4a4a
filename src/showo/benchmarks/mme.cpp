#include "showo/benchmarks/mme.h"

#include <algorithm>
#include <map>

#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/core/error.h"
#include "showo/core/utf8.h"

namespace showo {
namespace {

constexpr int64_t kMmeTokens = 16;  // lmms-eval's; the makers name none
constexpr char kClosing[] = " Please answer yes or no.";

struct Subtask {
  const char* name;
  bool perception;
};
constexpr Subtask kSubtasks[] = {
    {"existence", true},
    {"count", true},
    {"position", true},
    {"color", true},
    {"posters", true},
    {"celebrity", true},
    {"scene", true},
    {"landmark", true},
    {"artwork", true},
    {"OCR", true},
    {"commonsense_reasoning", false},
    {"numerical_calculation", false},
    {"text_translation", false},
    {"code_reasoning", false},
};

struct Line {
  std::string picture, question, truth, response;
  std::string where;
  bool yes() const { return python::lower(truth) == "yes"; }
  std::string key() const { return picture + '\t' + question; }
};

// Pairs of lines with three columns or, of predictions, four: the response ends as the line does,
// with a line break wherever another line follows.
std::vector<Line> read_lines(const fs::path& path, bool responses) {
  const std::string text = read_file(path);
  const auto lines = python::lines(text);
  std::vector<Line> list;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string where = fmt::format("{}: line {}", path.string(), i + 1);
    for (size_t at = 0, length; at < lines[i].size(); at += length)
      if (!(length = utf8_length(std::string_view(lines[i]).substr(at))))
        fail("{}: not UTF-8", where);
    auto columns = python::split(lines[i], "\t");
    if (columns.size() != 4 && (responses || columns.size() != 3))
      fail("{}: expected {} columns with tabs between, found {}", where, responses ? 4 : 3,
           columns.size());
    columns.resize(4);
    const bool last = i + 1 == lines.size() && !text.ends_with('\n') && !text.ends_with('\r');
    list.push_back({columns[0], columns[1], columns[2], columns[3] + (last ? "" : "\n"), where});
    if (const std::string truth = python::lower(columns[2]); truth != "yes" && truth != "no")
      fail("{}: third column: expected Yes or No, found '{}'", where, columns[2]);
  }
  if (list.empty() || list.size() % 2)
    fail("{}: expected two lines to a picture, found {} lines", path.string(), list.size());
  return list;
}

// 'y', 'n' or, for other, 'o'.
char yes_or_no(const std::string& text) {
  const std::string start = python::first_characters(text, 4);
  return start.find("yes") != std::string::npos  ? 'y'
         : start.find("no") != std::string::npos ? 'n'
                                                 : 'o';
}

char official_answer(const std::string& response) { return yes_or_no(python::lower(response)); }

char lmms_eval_answer(const std::string& response) {
  const std::string text =
      python::replace(python::strip(python::lower(python::strip(response))), ".", "");
  return text == "y" || text == "n" ? text[0] : yes_or_no(text);
}

struct Accuracy {
  double questions = 0, pictures = 0;
  double score() const { return 100 * questions + 100 * pictures; }
};

Accuracy accuracy(const std::vector<Line>& lines, const std::string& answers) {
  Accuracy sum;
  for (size_t i = 0; i < lines.size(); i += 2) {
    const bool first = answers[i] == (lines[i].yes() ? 'y' : 'n');
    const bool second = answers[i + 1] == (lines[i + 1].yes() ? 'y' : 'n');
    sum.questions += first + second;
    sum.pictures += first && second;
  }
  const auto n = static_cast<double>(lines.size());
  return {sum.questions / n, 2 * sum.pictures / n};
}

double ratio_or_zero(int64_t part, int64_t rest) {
  return part == 0 ? 0 : static_cast<double>(part) / static_cast<double>(part + rest);
}

// Precision and recall leave other answers out.
Json details(const std::vector<Line>& lines, const std::string& answers) {
  int64_t tp = 0, fp = 0, tn = 0, fn = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (answers[i] == 'y') ++(lines[i].yes() ? tp : fp);
    if (answers[i] == 'n') ++(lines[i].yes() ? fn : tn);
  }
  const Accuracy right = accuracy(lines, answers);
  return {{"TP", tp},
          {"FN", fn},
          {"TN", tn},
          {"FP", fp},
          {"other_num", std::count(answers.begin(), answers.end(), 'o')},
          {"precision", ratio_or_zero(tp, fp)},
          {"recall", ratio_or_zero(tp, fn)},
          {"acc", right.questions},
          {"acc_plus", right.pictures},
          {"questions", lines.size()},
          {"score", right.score()}};
}

// Adds what the predictions have otherwise than the benchmark.
void compare(const std::vector<Line>& questions, const std::vector<Line>& predictions,
             Problems& problems) {
  std::map<std::string, std::vector<bool>> truths, left;
  for (const Line& line : questions) truths[line.key()].push_back(line.yes());
  left = truths;
  for (const Line& line : predictions) {
    const auto asked = left.find(line.key());
    if (asked == left.end()) {
      problems.add("unknown", line.where);
    } else if (asked->second.empty()) {
      problems.add("doubled", line.where);
    } else {
      asked->second.pop_back();
      const auto& known = truths[line.key()];
      if (std::find(known.begin(), known.end(), line.yes()) == known.end())
        problems.add("another truth", line.where);
    }
  }
  for (const Line& line : questions) {
    auto& unanswered = left[line.key()];
    if (unanswered.empty()) continue;
    unanswered.pop_back();
    problems.add("missing", line.where);
  }
}

std::string on_one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return python::utf8(python::characters(text));
}

class Mme : public Benchmark {
 public:
  explicit Mme(const fs::path& data) : data_(data) {
    for (const auto& [name, perception] : kSubtasks)
      lines_.push_back(
          read_lines(picture_path(data, {"", "questions"}, std::string(name) + ".txt"), false));
  }

  std::vector<BenchmarkQuestion> questions(Protocol protocol) const override {
    std::vector<BenchmarkQuestion> list;
    for (size_t task = 0; task < lines_.size(); ++task) {
      const std::string name = kSubtasks[task].name;
      for (size_t i = 0; i < lines_[task].size(); ++i) {
        const Line& line = lines_[task][i];
        list.push_back(
            {fmt::format("{}/{}", name, i + 1),
             {picture_path(data_, {name, name + "/images"}, line.picture)},
             protocol == Protocol::kOfficial
                 ? line.question
                 : python::replace(python::strip(line.question), kClosing, "") + kSingleWord,
             kMmeTokens,
             line.truth,
             name});
      }
    }
    require_pictures(list);
    return list;
  }

  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    size_t total = 0, at = 0;
    for (const auto& lines : lines_) total += lines.size();
    require_answers(answers, total);
    make_folder(out);
    for (size_t task = 0; task < lines_.size(); ++task) {
      std::string text;
      for (const Line& line : lines_[task])
        text += fmt::format("{}\t{}\t{}\t{}\n", line.picture, line.question, line.truth,
                            on_one_line(answers[at++]));
      write_file_atomically(out / (std::string(kSubtasks[task].name) + ".txt"), text);
    }
  }

  Json score(const fs::path& given) const override {
    std::error_code none;
    const fs::path responses = given / "responses",
                   predictions = fs::is_directory(responses, none) ? responses : given;
    Json official, lmms_eval;
    Json parsed;
    Problems problems;
    for (const char* sum : {"perception", "cognition"}) official[sum] = lmms_eval[sum] = 0.0;
    for (size_t task = 0; task < lines_.size(); ++task) {
      const auto& [name, perception] = kSubtasks[task];
      const auto lines = read_lines(predictions / (std::string(name) + ".txt"), true);
      compare(lines_[task], lines, problems);
      std::string said, said_lmms;
      for (const Line& line : lines) {
        said += official_answer(line.response);
        said_lmms += lmms_eval_answer(line.response);
      }
      const double score = accuracy(lines, said_lmms).score();
      official["tasks"][name] = details(lines, said);
      parsed[name] = said;
      lmms_eval["tasks"][name] = score;
      lmms_eval["parsed"][name] = said_lmms;
      const char* const sum = perception ? "perception" : "cognition";
      official[sum] = official[sum].get<double>() + accuracy(lines, said).score();
      lmms_eval[sum] = lmms_eval[sum].get<double>() + score;
    }
    return {{"benchmark", "mme"},
            {"official", official},
            {"parsed", parsed},
            {"lmms_eval", lmms_eval},
            {"problems", problems.to_json()}};
  }

 private:
  fs::path data_;
  std::vector<std::vector<Line>> lines_;  // as kSubtasks
};

}  // namespace

std::unique_ptr<Benchmark> open_mme(const fs::path& data) { return std::make_unique<Mme>(data); }

}  // namespace showo
