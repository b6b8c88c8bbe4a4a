// How a model sees the pictures that it is asked about (paper, table 5): as the codes of its image
// tokenizer, as the tokenizer's features before they are quantized (Show-o†), or as features of a
// CLIP-ViT (Show-o‡). F features a picture.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "showo/codec/magvit.h"
#include "showo/core/files.h"
#include "showo/image/image.h"
#include "showo/model/showo.h"
#include "showo/prompt/prompting.h"
#include "showo/text/tokenizer.h"
#include "showo/vision/clip_vision.h"

namespace showo {

/// A picture, or several, as the beginning of a row, and the features that belong into it:
/// [F, width], undefined for codes.
struct Seen {
  Row row;
  Tensor features;
  bool asked = false;  // texts stand behind them already
};

/// Channels of the features that `config` wants of this image tokenizer; 0 for other ways of
/// seeing.
int64_t magvit_feature_width(const ShowoConfig& config, const CodecConfig& codec);

class Sight {
 public:
  /// `clip`: the tower's folder, where the model has one. Throws Error naming files and numbers
  /// when the tower is missing or does not fit the model.
  Sight(const Showo& model, Magvit codec, std::shared_ptr<const Tokenizer> tokenizer,
        const fs::path& clip, torch::ScalarType dtype);
  /// Pictures of any size, scaled and cropped to the encoder's square. The system prompt stands
  /// before features alone.
  std::vector<Seen> see(const std::vector<Image>& pictures, bool system_prompt = true);
  /// Several pictures before one text.
  Seen together(const std::vector<Seen>& pictures) const;
  /// What is asked after a picture, in tokens.
  std::vector<int64_t> question(const std::string& question) const;
  /// Null unless pictures are seen by a CLIP-ViT.
  const ClipVision& clip() const { return clip_; }

 private:
  Tensor features_of(const std::vector<Image>& pictures);
  Magvit codec_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Prompting prompting_;
  ShowoConfig config_;
  Vision vision_;
  ClipVision clip_{nullptr};
  std::vector<int64_t> system_;  // tokens of the system prompt
};

}  // namespace showo
