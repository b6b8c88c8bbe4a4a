// Unified prompting (paper 3.2): every task is one row of tokens.
//   T2I   [PAD]… <|t2i|> [SOT] text [EOT] <|soi|> image <|eoi|>
//   MMU   <|mmu|> <|soi|> image <|eoi|> [SOT] text [EOT] [PAD]…
//   LM    [SOT] text [EOT] [PAD]…
// Texts are token ids without special tokens; images are ids of the vocabulary (codes plus offset,
// or the mask token).
#pragma once

#include <span>
#include <vector>

#include "showo/prompt/vocabulary.h"

namespace showo {

enum class Task { kT2i, kMmu, kLm };

/// Where things stand in a row; who may see whom follows from it (omni_attention.h).
struct RowLayout {
  Task task = Task::kLm;
  int64_t length = 0;
  int64_t pads = 0;            // on the left of a T2I row
  int64_t soi = -1, eoi = -1;  // −1 in LM rows
  /// Where independent questions of an MMU row begin, each at its [SOT]: none sees another, and
  /// each stands at the positions that follow the picture. Empty: the text is one.
  std::vector<int64_t> questions;
  int64_t position = 0;  // of the first token: that of the pads cut before it
};

struct Row {
  std::vector<int64_t> ids;
  /// As the reference writes them; which of them count is the losses' business.
  std::vector<int64_t> labels;
  RowLayout layout;
};

/// Cuts what no row of a batch needs: the columns where every row has a pad on its left, and each
/// row's pads on its right. Nothing sees a pad and tokens keep their positions, so only the cost of
/// the batch changes.
void cut_pads(std::vector<Row>& rows, int64_t pad);

using Ids = std::span<const int64_t>;

/// One question and its answer as ids: only the answer and its [EOT] are supervised.
struct TurnIds {
  std::vector<int64_t> question, answer;
  size_t size() const { return question.size() + answer.size() + 1; }
};

class Prompting {
 public:
  /// `text_tokens`: room for [SOT], text and [EOT]; the published models have 128.
  Prompting(const Vocabulary& vocabulary, int64_t text_tokens)
      : v_(vocabulary), text_tokens_(text_tokens) {}

  /// `image` is what the model sees (some codes masked), `image_labels` the true ids at supervised
  /// positions.
  Row text_to_image(Ids text, Ids image, Ids image_labels) const;
  /// The prompt of generation; without a text it is guidance's unconditional branch (and training's
  /// dropped text).
  Row text_to_image(Ids text, Ids image) const { return text_to_image(text, image, {}); }
  /// A caption row, padded to the full length; every token of [SOT] text [EOT] is a label.
  Row understanding(Ids image, Ids text) const;
  /// Several turns about one picture, not padded, cut after the last turn that fits into
  /// `max_length`.
  Row understanding(Ids image, const std::vector<TurnIds>& turns, int64_t max_length) const;
  /// Several questions about one picture that know nothing of each other, as if each were a row of
  /// its own; those that fit into `max_length`.
  Row independent_questions(Ids image, const std::vector<TurnIds>& turns, int64_t max_length) const;
  /// The prompt of answering: everything before the answer, not padded.
  Row question(Ids image, Ids text) const;
  /// Plain text, padded to `length`; too long a text is cut without [EOT].
  Row language(Ids text, int64_t length) const;

  const Vocabulary& vocabulary() const { return v_; }
  int64_t text_tokens() const { return text_tokens_; }
  /// Tokens of a text that text_to_image takes; the rest is cut off.
  int64_t prompt_room() const { return text_tokens_ - 2; }
  /// Where soi stands in every T2I row.
  int64_t soi_position() const { return text_tokens_ + 1; }

 private:
  Row picture_first(Ids image) const;
  void begin_text(Row& row) const;
  void append_turn(Row& row, const TurnIds& turn) const;
  Vocabulary v_;
  int64_t text_tokens_;
};

}  // namespace showo
