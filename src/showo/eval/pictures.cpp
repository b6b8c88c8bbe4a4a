#include "showo/eval/pictures.h"

#include <algorithm>

#include "showo/core/log.h"
#include "showo/data/shards.h"
#include "showo/eval/frechet.h"
#include "showo/image/decode.h"
#include "showo/image/metrics.h"
#include "showo/image/preprocess.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

void judge(Recogniser& recogniser, const Image& picture, const std::string& caption,
           const SceneContents& wanted, PictureTallies& tallies) {
  const SceneContents found = recogniser->recognise(to_tensor(picture).unsqueeze(0)).front();
  const bool kinds = found.kinds == wanted.kinds, things = found.things == wanted.things,
             background = found.background == wanted.background;
  const std::optional<bool> placed = stands_as_said(caption, wanted, found),
                            styled = styled_as_said(caption, wanted, found);
  auto count = [&](const std::string& name) {
    PictureTally& tally = tallies[name];
    ++tally.judged;
    tally.kinds += kinds;
    tally.things += things;
    tally.background += background;
    tally.places += placed.value_or(false);
    tally.styles += styled.value_or(false);
    tally.all += kinds && things && background && (name != "position" || placed.value_or(false)) &&
                 (name != "style" || styled.value_or(false));
  };
  count(fmt::format("{} thing{}", wanted.things, wanted.things == 1 ? "" : "s"));
  if (wanted.things > 1 && wanted.kinds.size() == 1) count("count");
  if (placed) count("position");
  if (styled) count("style");
}

// What distances of reconstructions add up to.
class Distances {
 public:
  explicit Distances(FeatureNet features) : features_(std::move(features)) {}
  void add(const Image& picture, const Image& reconstruction) {
    torch::NoGradGuard no_grad;
    const auto a = to_tensor(picture).unsqueeze(0), b = to_tensor(reconstruction).unsqueeze(0);
    ++count_;
    psnr_ += psnr(a, b);
    ssim_ += ssim(a, b).item<double>();
    if (!features_) return;
    distance_ += feature_distance(features_, a, b).item<double>();
    pictures_.add(features_->pooled(a));
    reconstructions_.add(features_->pooled(b));
  }
  void report(PictureFigures& figures) const {
    const auto count = static_cast<double>(std::max<int64_t>(count_, 1));
    figures.psnr = psnr_ / count;
    figures.ssim = ssim_ / count;
    if (!features_) return;
    figures.feature_distance = distance_ / count;
    figures.frechet_feature_distance = frechet_distance(pictures_, reconstructions_);
  }

 private:
  FeatureNet features_;
  int64_t count_ = 0;
  double psnr_ = 0, ssim_ = 0, distance_ = 0;
  FeatureMoments pictures_, reconstructions_;
};

// What a picture is to be drawn of.
struct Asked {
  std::string caption;
  SceneContents contents;
  uint64_t seed;
};
constexpr size_t kScenesTogether = 32;  // pictures that are drawn at once

const SceneContents::Place* place_of(const SceneContents& contents, const std::string& kind) {
  for (const auto& place : contents.places) {
    if (place.kind == kind) return &place;
  }
  return nullptr;
}

bool says(const std::string& caption, const char* words) {
  return caption.find(words) != std::string::npos;
}

}  // namespace

std::optional<bool> stands_as_said(const std::string& caption, const SceneContents& scene,
                                   const SceneContents& found) {
  const bool beside = says(caption, " to the left of ") || says(caption, " to the right of "),
             above = says(caption, " above ") || says(caption, " below ");
  const bool placed = says(caption, " on the ") || says(caption, " at the ");
  if (scene.places.empty() || !(beside || above || placed)) return std::nullopt;
  const auto* first = place_of(found, scene.places[0].kind);
  const auto* last = place_of(found, scene.places.back().kind);
  if (!first || !last) return false;
  if (beside) return first->x < last->x;
  if (above) return first->y < last->y;
  return std::ranges::all_of(scene.places, [&](const auto& wanted) {
    const auto* there = place_of(found, wanted.kind);
    return there && std::ranges::any_of(scene.places, [&](const auto& place) {
             return place.kind == wanted.kind && std::abs(there->x - place.x) <= found.cell &&
                    std::abs(there->y - place.y) <= found.cell;
           });
  });
}

std::optional<bool> styled_as_said(const std::string& caption, const SceneContents& scene,
                                   const SceneContents& found) {
  const std::string spaced = " " + caption;
  if (!says(spaced, " flat ") && !says(spaced, " glossy ") && !says(spaced, " plain "))
    return std::nullopt;
  const auto knows = [](const auto& place) { return !place.style.empty(); };
  if (!std::ranges::all_of(scene.places, knows) || !std::ranges::all_of(found.places, knows))
    return std::nullopt;
  return std::ranges::all_of(scene.places, [&](const auto& wanted) {
    return std::ranges::any_of(found.places, [&](const auto& there) {
      return there.kind == wanted.kind && there.style == wanted.style;
    });
  });
}

PictureFigures judge_pictures(Pipeline& pipeline, PictureJudges& judges, const std::string& shards,
                              int64_t scenes, const SamplingOptions& options, uint64_t first) {
  PictureFigures figures;
  Distances distances(judges.features);
  Progress progress("pictures", scenes);
  int64_t done = 0;
  std::vector<Asked> asked;
  const auto draw = [&] {
    std::vector<Wish> wishes;
    for (const Asked& scene : asked) wishes.push_back({scene.caption, scene.seed});
    const auto pictures = pipeline.text_to_image(wishes, options);
    for (size_t i = 0; i < asked.size(); ++i)
      judge(judges.recogniser, pictures[i], asked[i].caption, asked[i].contents, figures.generated);
    progress.update(done);
    asked.clear();
  };
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto sample = reader.next(); sample && done < scenes; sample = reader.next()) {
      const auto bytes = std::as_bytes(std::span(sample->image_bytes));
      const Image picture =
          resize_and_crop(decode_image(bytes, sample->key), pipeline.image_size());
      const Image reconstruction = pipeline.reconstruct(picture);
      distances.add(picture, reconstruction);
      const uint64_t seed = first + static_cast<uint64_t>(done++);
      if (!judges.recogniser) {
        progress.update(done);
        continue;
      }
      asked.push_back({sample->caption, contents_of(*sample), seed});
      const auto& [said, wanted, ignored] = asked.back();
      judge(judges.recogniser, picture, said, wanted, figures.real);
      judge(judges.recogniser, reconstruction, said, wanted, figures.reconstructed);
      if (asked.size() == kScenesTogether) draw();
    }
  }
  draw();
  distances.report(figures);
  return figures;
}

}  // namespace showo
