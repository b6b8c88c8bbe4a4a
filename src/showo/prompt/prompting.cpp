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

// The next segment of a row, `tokens` long; it goes on at the position after the last.
void add_segment(Row& row, SegmentKind kind, int64_t tokens) {
  if (tokens <= 0) return;
  row.segments.push_back({kind, row.length(), tokens, row.next_position()});
}

void pad_right(Row& row, int64_t length, int64_t pad) {
  add_segment(row, SegmentKind::kPads, length - std::ssize(row.ids));
  row.ids.resize(row.length(), pad);
  row.labels.resize(row.ids.size(), kIgnore);
}

}  // namespace

// A picture; `open` if what stands before it may see it.
void Prompting::add_block(Row& row, SegmentKind kind, int64_t tokens, bool open) const {
  row.segments.push_back(
      {kind, row.length(), tokens, row.next_position(), open && !causal_, /*group=*/0, causal_});
}

Row Prompting::text_to_image(Ids text, Ids image, Ids image_labels) const {
  std::vector<int64_t> prompt = {v_.t2i, v_.bos};
  append(prompt, text);
  prompt.push_back(v_.eos);
  prompt = cut(std::move(prompt), text_tokens_ + 1, v_.eos);
  Row row;
  row.task = Task::kT2i;
  const int64_t pads = text_tokens_ + 1 - std::ssize(prompt);
  row.ids.assign(pads, v_.pad);
  row.labels.assign(pads, kIgnore);
  for (auto* side : {&row.ids, &row.labels}) {
    append(*side, prompt);
    side->push_back(v_.soi);
  }
  append(row.ids, image);
  append(row.labels, image_labels);
  for (auto* side : {&row.ids, &row.labels}) side->push_back(v_.eoi);
  if (image_labels.size() != image.size()) row.labels.clear();  // to be drawn, not learned
  add_segment(row, SegmentKind::kPads, pads);
  add_segment(row, SegmentKind::kText, std::ssize(prompt));
  add_block(row, SegmentKind::kCodes, std::ssize(image) + 2, /*open=*/false);
  return row;
}

Row Prompting::codes(Ids image) const {
  Row row;
  row.task = Task::kMmu;
  row.ids = {v_.mmu, v_.soi};
  append(row.ids, image);
  row.ids.push_back(v_.eoi);
  add_segment(row, SegmentKind::kText, 1);
  add_block(row, SegmentKind::kCodes, std::ssize(image) + 2, /*open=*/true);
  row.labels.assign(row.ids.size(), kIgnore);
  return row;
}

Row Prompting::features(int64_t count, Ids system) const {
  Row row;
  row.task = Task::kMmu;
  row.ids = {v_.mmu};
  append(row.ids, system);
  row.ids.push_back(v_.soi);
  add_segment(row, SegmentKind::kText, std::ssize(row.ids));
  add_block(row, SegmentKind::kFeatures, count, /*open=*/true);
  row.ids.resize(row.length(), v_.pad);  // features take these places
  row.append_text(std::vector{v_.eoi});
  row.labels.assign(row.ids.size(), kIgnore);
  return row;
}

Row Prompting::together(const std::vector<Row>& pictures) const {
  Row row = pictures.at(0);
  for (size_t i = 1; i < pictures.size(); ++i) {
    const Row& next = pictures[i];
    const Segment& picture = next.picture();
    if (picture.kind == SegmentKind::kFeatures) row.append_text(std::vector{v_.soi});
    add_block(row, picture.kind, picture.length, /*open=*/false);
    row.ids.insert(row.ids.end(), next.ids.begin() + picture.begin,
                   next.ids.begin() + picture.end());
    if (picture.kind == SegmentKind::kFeatures) row.append_text(std::vector{v_.eoi});
  }
  row.labels.assign(row.ids.size(), kIgnore);
  return row;
}

// [SOT] after codes, nothing after features.
std::vector<int64_t> Prompting::start_of_text(const Row& picture) const {
  if (picture.picture().kind == SegmentKind::kFeatures) return {};
  return {v_.bos};
}

Row Prompting::understanding(const Row& picture, Ids text) const {
  Row row = picture;
  auto words = start_of_text(picture);
  append(words, text);
  words.push_back(v_.eos);
  words = cut(std::move(words), text_tokens_, v_.eos);
  const int64_t length = row.length() + text_tokens_;
  row.append_text(words);
  append(row.labels, words);
  pad_right(row, length, v_.pad);
  return row;
}

void Prompting::append_turn(Row& row, const TurnIds& turn) const {
  row.append_text(turn.question);
  row.labels.resize(row.ids.size(), kIgnore);
  auto answer = turn.answer;
  answer.push_back(v_.eos);
  row.append_text(answer);
  append(row.labels, answer);
}

Row Prompting::understanding(const Row& picture, const std::vector<TurnIds>& turns,
                             int64_t max_length) const {
  Row row = question(picture, {});
  for (const auto& turn : turns) {
    if (static_cast<int64_t>(row.ids.size() + turn.size()) > max_length) break;
    append_turn(row, turn);
  }
  return row;
}

Row Prompting::independent_questions(const Row& picture, const std::vector<TurnIds>& turns,
                                     int64_t max_length) const {
  Row row = picture;
  const auto start = start_of_text(picture);
  const int64_t position = row.next_position();
  bool there = false;  // whether the turn before is
  for (const auto& turn : turns) {
    const auto size = static_cast<int64_t>((turn.follows ? 0 : start.size()) + turn.size());
    there = row.length() + size <= max_length && (there || !turn.follows);
    if (!there) continue;
    if (turn.follows) {
      append_turn(row, turn);
      continue;
    }
    row.segments.push_back({SegmentKind::kText, row.length(), 0, position, false,
                            /*group=*/std::ssize(row.segments)});
    row.append_text(start);
    row.labels.resize(row.ids.size(), kIgnore);
    append_turn(row, turn);
  }
  return row;
}

Row Prompting::question(const Row& picture, Ids text) const {
  Row row = picture;
  row.append_text(start_of_text(picture));
  row.append_text(text);
  row.labels.assign(row.ids.size(), kIgnore);
  return row;
}

Row Prompting::language(Ids text, int64_t length) const {
  Row row;
  row.ids = {v_.bos};
  append(row.ids, text);
  row.ids.push_back(v_.eos);
  if (std::ssize(row.ids) > length) row.ids.resize(length);
  row.labels = row.ids;
  add_segment(row, SegmentKind::kText, std::ssize(row.ids));
  pad_right(row, length, v_.pad);
  return row;
}

}  // namespace showo
