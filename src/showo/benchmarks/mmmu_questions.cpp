#include "showo/benchmarks/mmmu_questions.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

constexpr char kChooseLetter[] = "Answer with the option's letter from the given choices directly.";

// The texts of a list as Python writes it: ['a', "b's"].
class PythonList {
 public:
  PythonList(const std::string& text, const std::string& where) : text_(text), where_(where) {}
  std::vector<std::string> read() {
    std::vector<std::string> values;
    expect('[');
    while (peek() != ']') {
      if (!values.empty()) expect(',');
      if (peek() == ']') break;
      values.push_back(quoted());
    }
    expect(']');
    return values;
  }

 private:
  char peek() {
    at_ = std::min(text_.find_first_not_of(" \n", at_), text_.size());
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char wanted) {
    if (peek() != wanted) fail("{}: expected '{}' in {}", where_, wanted, text_);
    ++at_;
  }
  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("{}: expected quoted text in {}", where_, text_);
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_)
      value += text_[at_] == '\\' ? escaped() : std::string(1, text_[at_]);
    if (at_ >= text_.size()) fail("{}: a text without end in {}", where_, text_);
    ++at_;
    return value;
  }
  std::string escaped() {
    const char kind = ++at_ < text_.size() ? text_[at_] : '\0';
    const std::string known = "\\'\"ntr", meaning = "\\'\"\n\t\r";
    if (const size_t which = known.find(kind); kind && which != std::string::npos)
      return std::string(1, meaning[which]);
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    uint32_t character = 0;
    const char* const begin = text_.data() + std::min(at_ + 1, text_.size());
    const char* const end = begin + std::min(digits, text_.size() - (begin - text_.data()));
    const auto [stop, error] = std::from_chars(begin, end, character, 16);
    if (!digits || error != std::errc() || stop != begin + digits || character > 0x10FFFF)
      fail("{}: unknown escape '\\{}' in {}", where_, kind, text_);
    at_ += digits;
    return python::utf8(std::u32string(1, static_cast<char32_t>(character)));
  }

  const std::string& text_;
  std::string where_;
  size_t at_ = 0;
};

std::vector<std::string> texts_of(const Entry& entry) {
  if (entry.json().is_string()) return PythonList(entry.text(), entry.where()).read();
  std::vector<std::string> texts;
  for (size_t i = 0; i < entry.size(); ++i) texts.push_back(entry[i].text());
  return texts;
}

std::vector<int> marks_in(const std::string& text) {
  std::set<int> numbers;
  const std::string mark = "<image ";
  for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
    at += mark.size();
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + at, end, number);
    if (error == std::errc() && stop != end && *stop == '>' && number >= 0) numbers.insert(number);
  }
  return {numbers.begin(), numbers.end()};
}

std::string options_text(const MmmuChoices& choices, const char* before, const char* after) {
  std::string text;
  for (const auto& [letter, option] : choices.options)
    text += before + letter + after + option + "\n";
  return text;
}

MmmuQuestion question_of(const Entry& entry) {
  MmmuQuestion question;
  question.id = entry["id"].text();
  if (!is_mmmu_subject(mmmu_subject_of(question.id)))
    fail("{}: 'id': expected validation_<subject>_<number>, found '{}'", entry.where(),
         question.id);
  question.text = entry["question"].text();
  Json answer = entry["answer"].json();
  const bool choice = entry["question_type"].text() == "multiple-choice";
  // Several true answers are a list in the answers' file, and the text of one here.
  if (!choice && answer.is_string() && answer.get_ref<const std::string&>().starts_with("['"))
    answer = texts_of(entry["answer"]);
  question.truth = mmmu_truth_of(entry["question_type"].text(), answer, entry.where());
  if (choice) {
    const auto options = texts_of(entry["options"]);
    if (options.empty() || options.size() > 26)
      fail("{}: 'options': expected 1 to 26, found {}", entry.where(), options.size());
    for (size_t i = 0; i < options.size(); ++i) {
      question.choices.letters.emplace_back(1, static_cast<char>('A' + i));
      question.choices.options.emplace_back(question.choices.letters.back(), options[i]);
    }
  }
  question.pictures = marks_in(question.text + options_text(question.choices, "", " "));
  return question;
}

std::vector<fs::path> question_files(const fs::path& data) {
  std::vector<fs::path> folders = {data}, files;
  for (const auto& subject : kMmmuSubjects) folders.push_back(data / subject.name);
  for (const fs::path& folder : folders)
    for (const char* name : {"validation.jsonl", "validation.json"})
      if (is_file(folder / name)) {
        files.push_back(folder / name);
        break;
      }
  return files;
}

}  // namespace

const std::vector<MmmuSubject> kMmmuSubjects = {
    {"Accounting", "Business"},
    {"Agriculture", "Tech and Engineering"},
    {"Architecture_and_Engineering", "Tech and Engineering"},
    {"Art", "Art and Design"},
    {"Art_Theory", "Art and Design"},
    {"Basic_Medical_Science", "Health and Medicine"},
    {"Biology", "Science"},
    {"Chemistry", "Science"},
    {"Clinical_Medicine", "Health and Medicine"},
    {"Computer_Science", "Tech and Engineering"},
    {"Design", "Art and Design"},
    {"Diagnostics_and_Laboratory_Medicine", "Health and Medicine"},
    {"Economics", "Business"},
    {"Electronics", "Tech and Engineering"},
    {"Energy_and_Power", "Tech and Engineering"},
    {"Finance", "Business"},
    {"Geography", "Science"},
    {"History", "Humanities and Social Science"},
    {"Literature", "Humanities and Social Science"},
    {"Manage", "Business"},
    {"Marketing", "Business"},
    {"Materials", "Tech and Engineering"},
    {"Math", "Science"},
    {"Mechanical_Engineering", "Tech and Engineering"},
    {"Music", "Art and Design"},
    {"Pharmacy", "Health and Medicine"},
    {"Physics", "Science"},
    {"Psychology", "Humanities and Social Science"},
    {"Public_Health", "Health and Medicine"},
    {"Sociology", "Humanities and Social Science"},
};

bool is_mmmu_subject(const std::string& name) {
  return std::any_of(kMmmuSubjects.begin(), kMmmuSubjects.end(),
                     [&](const MmmuSubject& subject) { return subject.name == name; });
}

std::string mmmu_subject_of(const std::string& id) {
  const size_t begin = id.find('_'), end = id.rfind('_');
  return begin == end ? "" : id.substr(begin + 1, end - begin - 1);
}

MmmuTruth mmmu_truth_of(const std::string& question_type, const Json& answer,
                        const std::string& where) {
  const Entry entry(answer, where + ": the true answer");
  MmmuTruth truth{question_type == "multiple-choice", {}};
  if (answer.is_string()) {
    truth.answers.push_back(entry.text());
  } else {
    for (size_t i = 0; i < entry.size(); ++i) truth.answers.push_back(entry[i].text());
  }
  return truth;
}

std::vector<MmmuQuestion> read_mmmu_questions(const fs::path& data) {
  std::vector<MmmuQuestion> questions;
  std::set<std::string> ids;
  for (const fs::path& file : question_files(data)) {
    const Entries entries(file);
    for (size_t i = 0; i < entries.size(); ++i) {
      questions.push_back(question_of(entries[i]));
      const std::string& id = questions.back().id;
      if (!ids.insert(id).second) fail("{}: id '{}' again", entries[i].where(), id);
    }
  }
  return questions;
}

std::string mmmu_prompt(const MmmuQuestion& question, Protocol protocol) {
  const bool official = protocol == Protocol::kOfficial;
  if (!question.truth.choice) return question.text + (official ? "" : "\n") + kSingleWord;
  return question.text + "\n" +
         (official ? options_text(question.choices, "(", ") ")
                   : options_text(question.choices, "", ". ")) +
         "\n" + kChooseLetter;
}

}  // namespace showo
