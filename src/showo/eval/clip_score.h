// How well pictures show what texts say, by CLIP (Hessel et al., 2104.08718): the cosine of the two
// towers' outputs.
#pragma once

#include "showo/eval/texted_pictures.h"
#include "showo/vision/clip.h"

namespace showo {

struct ClipFit {
  double cosine;          // of the picture and the text
  double depicts_cosine;  // and the text behind Hessel et al.'s "A photo depicts "
  bool cut;               // the text is longer than the tower reads
};

class ClipJudge {
 public:
  /// Both towers, their tokenizer and how pictures are prepared, from a folder of a whole
  /// CLIPModel. fp32. Throws Error naming what is missing or does not fit.
  explicit ClipJudge(const fs::path& folder, torch::Device device = torch::kCPU);
  /// Text i belongs to picture i.
  std::vector<ClipFit> judge(const std::vector<Image>& pictures,
                             const std::vector<std::string>& texts);

 private:
  torch::Tensor embed(const std::vector<std::string>& texts, std::vector<bool>* cut);
  std::shared_ptr<const Tokenizer> tokenizer_;
  Clip clip_;
  torch::Device device_;
};

/// "official": clip_score, 100 times the mean cosine and at least 0, as torchmetrics has it;
/// clipscore, the mean of 2.5·max(cosine, 0) behind "A photo depicts ", as Hessel et al. have it
/// (with ViT-B/32); cosine, the mean as it is; pictures. A text that is too long is cut before its
/// end token, as CLIP's own code cuts; torchmetrics loses that token, and its score means nothing. "pictures": 100 times each cosine. Problems: those of
/// pictures_with_texts, "damaged" (a picture that cannot be read: left out) and "cut" (a text read
/// in part). Throws Error naming the folder when no picture is left, and a picture whose cosine is
/// no number.
Json score_clip(ClipJudge& judge, const fs::path& folder);

}  // namespace showo
