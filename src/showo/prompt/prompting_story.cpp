// Stories (paper 4.4): rows in which texts and pictures take turns.
#include <algorithm>

#include "showo/prompt/prompting.h"

namespace showo {

Row Prompting::begin_story() const {
  Row row;
  row.task = Task::kStory;
  row.append_text(std::vector{v_.lvg});
  row.labels = {kIgnore};
  return row;
}

void Prompting::append_story_text(Row& row, Ids text) const {
  row.append_text(std::vector{v_.bos});
  row.append_text(text);
  row.append_text(std::vector{v_.eos});
  row.labels.resize(row.ids.size(), kIgnore);
}

void Prompting::add_picture(Row& row, Ids image, int64_t position, int64_t group) const {
  const int64_t tokens = std::ssize(image) + 2;
  row.segments.push_back(
      {SegmentKind::kCodes, row.length(), tokens, position, /*open=*/false, group, causal_});
  row.ids.push_back(v_.soi);
  row.ids.insert(row.ids.end(), image.begin(), image.end());
  row.ids.push_back(v_.eoi);
  row.labels.resize(row.ids.size(), kIgnore);
}

int64_t Prompting::story_picture_position(const Row& row) const {
  int64_t begin = 1;  // of the newest text, behind <|lvg|> or the picture before
  for (const Segment& segment : row.segments) {
    if (segment.block()) begin = segment.position + segment.length;
  }
  return std::max(begin + text_tokens_, row.next_position());
}

void Prompting::append_story_picture(Row& row, Ids image) const {
  add_picture(row, image, story_picture_position(row), /*group=*/0);
}

// Where a text begins is no question: pictures and texts take turns.
void Prompting::learn_story_text(Row& row, Ids text) const {
  append_story_text(row, text);
  const auto learned = std::ssize(text) + 1;
  std::copy(row.ids.end() - learned, row.ids.end(), row.labels.end() - learned);
}

Row Prompting::story(const std::vector<FrameIds>& frames, int64_t max_length) const {
  Row row = begin_story();
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& [text, image, masked, learn_text] = frames[i];
    const int64_t picture = std::ssize(image) + 2;
    if (row.length() + std::ssize(text) + 2 + 2 * picture > max_length) return row;
    learn_text ? learn_story_text(row, text) : append_story_text(row, text);
    const int64_t position = story_picture_position(row);
    add_picture(row, masked, position, /*group=*/static_cast<int64_t>(i) + 1);
    const auto labels = row.labels.end() - 1 - std::ssize(image);
    for (size_t code = 0; code < image.size(); ++code) {
      if (masked[code] == v_.mask_token) labels[static_cast<int64_t>(code)] = image[code];
    }
    add_picture(row, image, position, /*group=*/0);
  }
  if (row.length() + 2 <= max_length) learn_story_text(row, {});
  return row;
}

}  // namespace showo
