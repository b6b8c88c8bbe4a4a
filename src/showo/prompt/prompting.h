// Unified prompting (paper 3.2): every task is one row of tokens.
//   T2I   [PAD]… <|t2i|> [SOT] text [EOT] <|soi|> image <|eoi|>
//   MMU   <|mmu|> <|soi|> image <|eoi|> [SOT] text [EOT] [PAD]…
//         <|mmu|> system <|soi|> features <|eoi|> text (a tower's features in place of codes)
//         several pictures: <|soi|> image <|eoi|> <|soi|> image <|eoi|> … before the text
//   LM    [SOT] text [EOT] [PAD]…
//   story <|lvg|> [SOT] text [EOT] <|soi|> image <|eoi|> [SOT] text [EOT] <|soi|> image <|eoi|> …
//         [SOT] [EOT]: a text that says nothing ends it
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
  bool follows = false;  // it is asked after the turn before it, which it sees
  size_t size() const { return question.size() + answer.size() + 1; }
};

/// One text of a story and the picture after it, as ids.
struct FrameIds {
  std::vector<int64_t> text, image;
  /// The picture as it is seen while it is drawn. The codes that are masked in it are labels.
  std::vector<int64_t> masked;
  bool learn_text = true;  // whether the text's tokens are labels
};

/// Who sees whom in a row: pictures see themselves whole, and are open to what stands before them
/// where they are asked about (omni-attention); or every token sees those before it alone, as in a
/// language model. A picture that is drawn so still has its tokens predicted at their own places
/// from mask tokens, each from what stands before it.
enum class Attention { kOmni, kCausal };

class Prompting {
 public:
  /// `text_tokens`: room for [SOT], text and [EOT]; the published models have 128.
  Prompting(const Vocabulary& vocabulary, int64_t text_tokens,
            Attention attention = Attention::kOmni)
      : v_(vocabulary), text_tokens_(text_tokens), causal_(attention == Attention::kCausal) {}

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
  /// What comes before a text about several pictures, each of which sees those before it, from what
  /// comes before a text about each alone.
  Row together(const std::vector<Row>& pictures) const;
  /// A caption row, padded to the full length; every token of [SOT] text [EOT] is a label. After
  /// features the text has no [SOT] (here as below).
  Row understanding(const Row& picture, Ids text) const;
  /// Several turns about one picture, not padded, cut after the last turn that fits into
  /// `max_length`.
  Row understanding(const Row& picture, const std::vector<TurnIds>& turns,
                    int64_t max_length) const;
  /// Several questions about one picture that know nothing of each other, as if each were a row of
  /// its own; those that fit into `max_length`. One that follows another sees that one, and is left
  /// out with it.
  Row independent_questions(const Row& picture, const std::vector<TurnIds>& turns,
                            int64_t max_length) const;
  /// The prompt of answering: everything before the answer, not padded.
  Row question(const Row& picture, Ids text) const;
  /// Plain text, padded to `length`; too long a text is cut without [EOT].
  Row language(Ids text, int64_t length) const;

  /// A story that has only begun: what its texts and pictures are appended to.
  Row begin_story() const;
  void append_story_text(Row& row, Ids text) const;
  /// A finished picture, which everything after it sees.
  void append_story_picture(Row& row, Ids image) const;
  /// Where it begins: behind the room that a text has, so that pictures stand as far apart whatever
  /// their texts say, and what stays the same is found at one distance.
  int64_t story_picture_position(const Row& row) const;
  /// The row of training, in which every picture is learned at once as generation draws it: first
  /// masked, seen by itself alone, then at the same positions finished, for what follows. Frames
  /// from the first that does not fit into `max_length` on are left out; a story that fits whole
  /// has its end as the last label.
  Row story(const std::vector<FrameIds>& frames, int64_t max_length) const;

  const Vocabulary& vocabulary() const { return v_; }
  int64_t text_tokens() const { return text_tokens_; }
  /// Tokens of a text that text_to_image takes; the rest is cut off.
  int64_t prompt_room() const { return text_tokens_ - 2; }
  /// Where soi stands in every T2I row.
  int64_t soi_position() const { return text_tokens_ + 1; }

 private:
  std::vector<int64_t> start_of_text(const Row& picture) const;
  void append_turn(Row& row, const TurnIds& turn) const;
  void learn_story_text(Row& row, Ids text) const;
  void add_block(Row& row, SegmentKind kind, int64_t tokens, bool open) const;
  void add_picture(Row& row, Ids image, int64_t position, int64_t group) const;
  Vocabulary v_;
  int64_t text_tokens_;
  bool causal_;
};

}  // namespace showo
