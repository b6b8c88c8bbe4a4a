// A row of tokens as segments (paper 3.2): what each part is and where it stands. Who may see whom,
// positions and what a loss counts are derived from this one list.
#pragma once

#include <cstdint>
#include <vector>

namespace showo {

enum class SegmentKind {
  kText,      // causal
  kCodes,     // <|soi|> codes <|eoi|> of a picture: a block that sees itself
  kFeatures,  // of a picture, in place of token embeddings: such a block too
  kPads,      // causal, and nothing else sees them
};

struct Segment {
  SegmentKind kind = SegmentKind::kText;
  int64_t begin = 0, length = 0;  // tokens of the row
  int64_t position = 0;           // of the first token; the others follow it
  /// Whether earlier segments see it too: a picture that is asked about.
  bool open = false;
  /// Segments that know nothing of each other differ in this – independent questions, a story's
  /// pictures while they are drawn; 0 is seen by all.
  int64_t group = 0;
  /// Of a picture: its tokens see none behind them, as a text's.
  bool causal = false;

  int64_t end() const { return begin + length; }
  bool block() const { return kind == SegmentKind::kCodes || kind == SegmentKind::kFeatures; }
  /// Whether each of its tokens sees all of them.
  bool sees_itself_whole() const { return block() && !causal; }
  bool operator==(const Segment&) const = default;
};
/// Without gaps, in order.
using Segments = std::vector<Segment>;

inline int64_t length_of(const Segments& segments) {
  return segments.empty() ? 0 : segments.back().end();
}

/// The position of each token from the row's token `from` on.
std::vector<int64_t> positions_of(const Segments& segments, int64_t from = 0);

/// `tokens` more of the last segment, which is text.
void lengthen(Segments& segments, int64_t tokens);

}  // namespace showo
