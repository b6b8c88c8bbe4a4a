// How well pictures show what they should: reconstructions by their distance to the original,
// generated pictures by what the recogniser finds in them.
#pragma once

#include <map>
#include <optional>

#include "showo/codec/features.h"
#include "showo/eval/recogniser.h"
#include "showo/generate/pipeline.h"

namespace showo {

/// Of pictures judged by the recogniser: how often it finds exactly the kinds, the number of things
/// and the background that it should, things where they should be and as they should look; `all` of
/// what was asked.
struct PictureTally {
  int64_t judged = 0, kinds = 0, things = 0, background = 0, places = 0, styles = 0, all = 0;
};

/// By what was asked: "1 thing", "2 things" and so on for every picture; and again "count" for
/// those whose caption says how many there are of a kind, "position" for those whose caption says
/// where things are, the only ones of which places are judged, and "style" for those whose caption
/// says flat or glossy, where the recogniser can tell.
using PictureTallies = std::map<std::string, PictureTally>;

/// Whether what was found stands as `caption` says it: of two things, one to the left or right of
/// the other, above or below it; else every thing within a cell of the recogniser of where the
/// scene has it (of several of a kind, of which one is found, within a cell of one of them).
/// Nothing when the caption says nothing of places.
std::optional<bool> stands_as_said(const std::string& caption, const SceneContents& scene,
                                   const SceneContents& found);

/// Whether everything of a scene was found in its style. Nothing when the caption says nothing of
/// styles, or the recogniser cannot tell them.
std::optional<bool> styled_as_said(const std::string& caption, const SceneContents& scene,
                                   const SceneContents& found);

struct PictureFigures {
  double psnr = 0, ssim = 0;  // of reconstructions, means over pictures; psnr in dB
  std::optional<double> feature_distance, frechet_feature_distance;
  PictureTallies real, reconstructed, generated;
};

/// What judges pictures: either may be left out (null), and so are its figures then.
struct PictureJudges {
  Recogniser recogniser{nullptr};
  FeatureNet features{nullptr};
};

/// On the first `scenes` samples of `shards`: the recogniser's own accuracy on the scenes, then on
/// their reconstructions, then on pictures generated from their captions (seeds `first`, `first` +
/// 1 …). Without a recogniser: PSNR and SSIM of reconstructions, with features their two distances.
PictureFigures judge_pictures(Pipeline& pipeline, PictureJudges& judges, const std::string& shards,
                              int64_t scenes, const SamplingOptions& options, uint64_t first = 0);

}  // namespace showo
