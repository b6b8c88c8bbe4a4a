#include "showo/prompt/prompting.h"

#include <algorithm>

namespace showo {
namespace {

void append(std::vector<int64_t>& to, Ids from) { to.insert(to.end(), from.begin(), from.end()); }

// Cut to `room` tokens; what is too long ends in [EOT] all the same.
std::vector<int64_t> cut(std::vector<int64_t> ids, int64_t room, int64_t eot) {
  if (static_cast<int64_t>(ids.size()) > room) {
    ids.resize(room);
    ids.back() = eot;
  }
  return ids;
}

void pad_right(Row& row, int64_t length, int64_t pad) {
  row.ids.resize(std::max<size_t>(row.ids.size(), length), pad);
  row.labels.resize(row.ids.size(), kIgnore);
}

}  // namespace

void cut_pads(std::vector<Row>& rows, int64_t pad) {
  const auto fewest = std::min_element(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.layout.pads < b.layout.pads;
  });
  const int64_t left = fewest == rows.end() ? 0 : fewest->layout.pads;
  for (Row& row : rows) {
    RowLayout& at = row.layout;
    const auto end =
        std::find_if(row.ids.rbegin(), row.ids.rend(), [&](int64_t id) { return id != pad; });
    row.ids.erase(end.base(), row.ids.end());
    row.labels.resize(row.ids.size());
    row.ids.erase(row.ids.begin(), row.ids.begin() + left);
    row.labels.erase(row.labels.begin(), row.labels.begin() + left);
    at.length = static_cast<int64_t>(row.ids.size());
    at.position += left;
    at.pads -= left;
    if (at.task == Task::kT2i) {  // only these have pads on the left
      at.soi -= left;
      at.eoi -= left;
    }
  }
}

Row Prompting::text_to_image(Ids text, Ids image, Ids image_labels) const {
  std::vector<int64_t> prompt = {v_.t2i, v_.bos};
  append(prompt, text);
  prompt.push_back(v_.eos);
  prompt = cut(std::move(prompt), text_tokens_ + 1, v_.eos);
  Row row;
  const int64_t pads = text_tokens_ + 1 - static_cast<int64_t>(prompt.size());
  row.ids.assign(pads, v_.pad);
  row.labels.assign(pads, kIgnore);
  for (auto* side : {&row.ids, &row.labels}) {
    append(*side, prompt);
    side->push_back(v_.soi);
  }
  append(row.ids, image);
  append(row.labels, image_labels);
  for (auto* side : {&row.ids, &row.labels}) side->push_back(v_.eoi);
  const auto length = static_cast<int64_t>(row.ids.size());
  row.layout = {Task::kT2i, length, pads, text_tokens_ + 1, length - 1, {}, 0};
  return row;
}

Row Prompting::picture_first(Ids image) const {
  Row row;
  row.ids = {v_.mmu, v_.soi};
  append(row.ids, image);
  row.ids.push_back(v_.eoi);
  row.labels.assign(row.ids.size(), kIgnore);
  row.layout = {Task::kMmu, 0, 0, 1, static_cast<int64_t>(row.ids.size()) - 1, {}, 0};
  return row;
}

Row Prompting::understanding(Ids image, Ids text) const {
  Row row = picture_first(image);
  std::vector<int64_t> words = {v_.bos};
  append(words, text);
  words.push_back(v_.eos);
  words = cut(std::move(words), text_tokens_, v_.eos);
  const int64_t length = static_cast<int64_t>(row.ids.size()) + text_tokens_;
  append(row.ids, words);
  append(row.labels, words);
  pad_right(row, length, v_.pad);
  row.layout.length = length;
  return row;
}

void Prompting::begin_text(Row& row) const {
  row.ids.push_back(v_.bos);
  row.labels.push_back(kIgnore);
}

void Prompting::append_turn(Row& row, const TurnIds& turn) const {
  append(row.ids, turn.question);
  row.labels.resize(row.ids.size(), kIgnore);
  for (auto* side : {&row.ids, &row.labels}) {
    append(*side, turn.answer);
    side->push_back(v_.eos);
  }
}

Row Prompting::understanding(Ids image, const std::vector<TurnIds>& turns,
                             int64_t max_length) const {
  Row row = picture_first(image);
  begin_text(row);
  for (const auto& turn : turns) {
    if (static_cast<int64_t>(row.ids.size() + turn.size()) > max_length) break;
    append_turn(row, turn);
  }
  row.layout.length = static_cast<int64_t>(row.ids.size());
  return row;
}

Row Prompting::independent_questions(Ids image, const std::vector<TurnIds>& turns,
                                     int64_t max_length) const {
  Row row = picture_first(image);
  for (const auto& turn : turns) {
    if (static_cast<int64_t>(row.ids.size() + 1 + turn.size()) > max_length) continue;
    row.layout.questions.push_back(static_cast<int64_t>(row.ids.size()));
    begin_text(row);
    append_turn(row, turn);
  }
  row.layout.length = static_cast<int64_t>(row.ids.size());
  return row;
}

Row Prompting::question(Ids image, Ids text) const {
  Row row = picture_first(image);
  row.ids.push_back(v_.bos);
  append(row.ids, text);
  row.labels.assign(row.ids.size(), kIgnore);
  row.layout.length = static_cast<int64_t>(row.ids.size());
  return row;
}

Row Prompting::language(Ids text, int64_t length) const {
  Row row;
  row.ids = {v_.bos};
  append(row.ids, text);
  row.ids.push_back(v_.eos);
  if (static_cast<int64_t>(row.ids.size()) > length) row.ids.resize(length);
  row.labels = row.ids;
  pad_right(row, length, v_.pad);
  row.layout = {Task::kLm, length, 0, -1, -1, {}, 0};
  return row;
}

}  // namespace showo
