// Unified prompting (paper 3.2): every task is one row of tokens.
//   T2I   [PAD]… <|t2i|> [SOT] text [EOT] <|soi|> image <|eoi|>
//   MMU   <|mmu|> <|soi|> image <|eoi|> [SOT] text [EOT] [PAD]…
//         <|mmu|> system <|soi|> features <|eoi|> text (a tower's features in place of codes)
//   LM    [SOT] text [EOT] [PAD]…
// Texts are token ids without special tokens; images are ids of the vocabulary (codes plus offset,
// or the mask token).
#pragma once

#include <vector>

#include "showo/prompt/row.h"
#include "showo/prompt/vocabulary.h"

namespace showo {

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
  /// The prompt of generation, without labels; without a text it is guidance's unconditional branch
  /// (and training's dropped text).
  Row text_to_image(Ids text, Ids image) const { return text_to_image(text, image, {}); }
  /// What comes before a text about a picture that is seen as codes.
  Row codes(Ids image) const;
  /// What comes before a text about a picture that is seen as `count` features; `system` is the
  /// system prompt and may be empty.
  Row features(int64_t count, Ids system) const;
  /// A caption row, padded to the full length; every token of [SOT] text [EOT] is a label. After
  /// features the text has no [SOT] (here as below).
  Row understanding(const Row& picture, Ids text) const;
  /// Several turns about one picture, not padded, cut after the last turn that fits into
  /// `max_length`.
  Row understanding(const Row& picture, const std::vector<TurnIds>& turns,
                    int64_t max_length) const;
  /// Several questions about one picture that know nothing of each other, as if each were a row of
  /// its own; those that fit into `max_length`.
  Row independent_questions(const Row& picture, const std::vector<TurnIds>& turns,
                            int64_t max_length) const;
  /// The prompt of answering: everything before the answer, not padded.
  Row question(const Row& picture, Ids text) const;
  /// Plain text, padded to `length`; too long a text is cut without [EOT].
  Row language(Ids text, int64_t length) const;

  const Vocabulary& vocabulary() const { return v_; }
  int64_t text_tokens() const { return text_tokens_; }
  /// Tokens of a text that text_to_image takes; the rest is cut off.
  int64_t prompt_room() const { return text_tokens_ - 2; }
  /// Where soi stands in every T2I row.
  int64_t soi_position() const { return text_tokens_ + 1; }

 private:
  std::vector<int64_t> start_of_text(const Row& picture) const;
  void append_turn(Row& row, const TurnIds& turn) const;
  Vocabulary v_;
  int64_t text_tokens_;
};

}  // namespace showo
