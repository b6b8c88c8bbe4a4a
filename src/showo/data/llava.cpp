#include "showo/data/llava.h"

#include "showo/data/clean.h"
#include "showo/data/find.h"
#include "showo/data/picture_files.h"

namespace showo {
namespace {

std::string without_image_token(const std::string& value) {
  const std::string token = "<image>";
  std::string text;
  for (const char c : value) {
    text += c;
    if (text.ends_with(token)) text.resize(text.size() - token.size());
  }
  return std::string(trimmed(text));
}

std::string text_at(const Json& json, const char* key, const std::string& where) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end() || !found->is_string())
    fail_sample("{}: '{}': expected text, found {}", where, key,
                found == json.end() ? "nothing" : found->type_name());
  return *found;
}

// Human and gpt by turns. An answer before the first question and a question after the last answer
// have nothing to go with.
std::vector<Turn> turns_of(const Json& entry, const std::string& where) {
  const auto list = entry.find("conversations");
  if (list == entry.end() || !list->is_array())
    fail_sample("{}: 'conversations': expected a list", where);
  std::vector<Turn> turns;
  std::optional<std::string> question;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string here = fmt::format("{}: conversations[{}]", where, i);
    const std::string from = text_at((*list)[i], "from", here);
    std::string value = text_at((*list)[i], "value", here);
    if (from != "human" && from != "gpt")
      fail_sample("{}: 'from': expected human or gpt, found '{}'", here, from);
    if (i == 0 && from == "gpt") continue;
    if ((from == "human") == question.has_value())
      fail_sample("{}: expected {}, found another turn of {}", here, question ? "gpt" : "human",
                  from);
    if (from == "human") {
      question = without_image_token(value);
    } else {
      turns.push_back({*question, std::move(value), ""});
      question.reset();
    }
  }
  if (turns.empty()) fail_sample("{}: 'conversations': no question with an answer", where);
  return turns;
}

class Conversations : public data::ListSource {
 public:
  explicit Conversations(const SourceConfig& config)
      : list_(find_files(config, {".json", ".jsonl"}), config, PictureList::Pictures::kAny) {}
  int64_t parts() const override { return list_.size(); }

 private:
  Sample at(int64_t index, Dice&) override {
    PictureEntry entry = list_.at(index);
    Sample sample;
    sample.origin = entry.where;
    sample.key = std::move(entry.picture);
    sample.image_file = std::move(entry.files[0]);
    for (size_t i = 1; i < entry.files.size(); ++i)
      sample.others.push_back({"", "", std::move(entry.files[i])});
    try {
      sample.turns = turns_of(entry.json, entry.where);
    } catch (const CorruptSample& error) {
      sample.text_error = error.what();
    }
    return sample;
  }
  PictureList list_;
};

}  // namespace

std::unique_ptr<data::Source> open_llava(const SourceConfig& config) {
  return std::make_unique<Conversations>(config);
}

}  // namespace showo
