// LLaVA's conversations about pictures, [{id, image, conversations: [{from: human|gpt, value}]}].
// As the published models were tuned: the picture stands first in the row, whatever the place of
// <image> in the first human turn; entries without a picture are left out.
#include "showo/core/log.h"
#include "showo/data/formats.h"
#include "showo/data/json_objects.h"

namespace showo {
namespace {

std::string without_image_token(const std::string& value) {
  const std::string token = "<image>";
  std::string text;
  for (const char c : value) {
    text += c;
    if (text.ends_with(token)) text.resize(text.size() - token.size());
  }
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
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

class Conversations : public ListSource {
 public:
  explicit Conversations(const SourceConfig& config) : images_(config.images) {
    for (const auto& path : find_files(config, {".json", ".jsonl"})) files_.emplace_back(path);
    int64_t left_out = 0;
    for (size_t file = 0; file < files_.size(); ++file) {
      for (size_t i = 0; i < files_[file].size(); ++i) {
        if (files_[file].mentions(i, "image")) {
          entries_.push_back({file, i});
        } else {
          ++left_out;
        }
      }
    }
    if (left_out > 0)
      spdlog::info("{}: {} of {} entries are without a picture and left out",
                   one_line(config.title()), left_out, left_out + entries_.size());
  }
  int64_t parts() const override { return static_cast<int64_t>(entries_.size()); }

 private:
  Sample at(int64_t index, Dice&) override {
    const auto [file, i] = entries_[index];
    const Json entry = files_[file].at(i);
    const std::string where = files_[file].name(i), image = text_at(entry, "image", where);
    Sample sample;
    sample.origin = where;
    sample.key = image;
    sample.image_file = (images_ / image).string();
    sample.turns = turns_of(entry, where);
    return sample;
  }

  struct Entry {
    size_t file, index;
  };
  fs::path images_;
  std::vector<JsonObjects> files_;
  std::vector<Entry> entries_;
};

}  // namespace

std::unique_ptr<Source> open_llava(const SourceConfig& config) {
  return std::make_unique<Conversations>(config);
}

}  // namespace showo
