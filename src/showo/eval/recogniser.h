// An independent judge of generated pictures: a small convolutional network that says which kinds
// of things a scene of the emoji world shows, where and in which style, how many things, and on
// which background. It is trained on real scenes alone and shares nothing with the model it judges.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "showo/core/config.h"
#include "showo/core/files.h"
#include "showo/core/torch.h"
#include "showo/data/sample.h"
#include "showo/image/image.h"
#include "showo/nn/layers.h"

namespace showo {

/// Pixels of the side of a cell, which has one place, of pictures that are not shrunk.
constexpr int64_t kRecogniserCell = 8;

/// What a scene holds, as far as the recogniser tells.
struct SceneContents {
  std::set<std::string> kinds;
  int64_t things = 0;
  std::string background;
  struct Place {
    std::string kind;
    int64_t x, y;            // the thing's centre, pixels
    int64_t size = 0;        // its side, where it is known
    std::string style = {};  // flat, glossy or plain, where it is known
  };
  /// Of a sample, every thing; of what the recogniser found, one for each kind.
  std::vector<Place> places;
  int64_t cell = kRecogniserCell;  // pixels; what was found stands in the middle of one
};

/// From a sample's metadata as the emoji world writes it, of a story its first scene. Throws Error
/// naming the sample.
SceneContents contents_of(const Sample& sample);
/// Of the frames of a sample that is a story.
std::vector<SceneContents> story_contents_of(const Sample& sample);

struct RecogniserConfig {
  std::vector<std::string> kinds, backgrounds;
  std::vector<std::string> styles;  // none: it cannot tell, as those trained before could not
  int64_t max_things = 4, width = 32, shrink = 1;
  template <class V>
  void visit(V& v) {
    v(kinds, "kinds", "names of the things");
    v(backgrounds, "backgrounds", "names of the colours");
    v(styles, "styles", "names of the styles");
    v(max_things, "max_things", "most things in a scene", between(1, 64));
    v(width, "width", "channels of the first layer", between(1, 4096));
    v(shrink, "shrink", "pixels of a picture's side that become one before it is looked at",
      between(1, 64));
  }
};

struct RecogniserImpl : torch::nn::Module {
  explicit RecogniserImpl(const RecogniserConfig& config);
  struct Logits {
    torch::Tensor kinds_BKHW, styles_BSHW;  // H, W in cells; no styles where it knows none
    torch::Tensor kinds_BK, things_BN, backgrounds_BC;
  };
  /// Pictures [B, 3, H, W] in [−1, 1], whose sides are multiples of 8 `shrink`.
  Logits forward(const torch::Tensor& image_B3HW);
  std::vector<SceneContents> recognise(const torch::Tensor& image_B3HW);

  RecogniserConfig config;
  std::vector<Conv2d> convs;
  std::vector<GroupNorm> norms;
  Conv2d kinds{nullptr}, styles{nullptr};
  Linear things{nullptr}, background{nullptr};
};
TORCH_MODULE(Recogniser);

struct RecogniserOptions {
  int64_t steps = 2000, batch = 32;
  double lr = 2e-3;
  uint64_t seed = 0;
  template <class V>
  void visit(V& v) {
    v(steps, "steps", "training steps", at_least(1));
    v(batch, "batch", "pictures a step", between(1, 1'000'000));
    v(lr, "lr", "peak learning rate", at_least(0));
    v(seed, "seed", "of initialisation and order", any_number());
  }
};

Recogniser train_recogniser(const std::vector<std::string>& shards,
                            const RecogniserOptions& options);
/// config.json and pytorch_model.safetensors into a folder that is there.
void write_recogniser(const fs::path& folder, Recogniser recogniser);
Recogniser load_recogniser(const fs::path& folder);

}  // namespace showo
