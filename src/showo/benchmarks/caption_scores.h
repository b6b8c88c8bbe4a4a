// What captions are measured by: CIDEr-D (Vedantam et al., 1411.5726), BLEU 1 to 4 and ROUGE-L, as
// pycocoevalcap 1.2 computes them from tokens.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace showo {

using CaptionTokens = std::vector<std::string>;

struct CaptionedImage {
  CaptionTokens prediction;
  std::vector<CaptionTokens> references;  // one or more
};

struct CaptionScores {
  double cider = 0;  // to 10; papers print it a hundredfold
  std::array<double, 4> bleu = {};
  double rouge_l = 0;
};

struct CaptionReport {
  CaptionScores all;
  std::vector<CaptionScores> images;  // in the order given
};

/// Of one image or more. CIDEr weighs words by how many of these images have them: figures of sets
/// of different size do not compare, and a single image scores 0. A token that holds a space of any
/// kind is several words to CIDEr and BLEU, one to ROUGE-L.
CaptionReport score_captions(const std::vector<CaptionedImage>& images);

}  // namespace showo
