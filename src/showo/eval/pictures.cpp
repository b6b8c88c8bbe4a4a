#include "showo/eval/pictures.h"

#include "showo/core/log.h"
#include "showo/data/shards.h"
#include "showo/eval/frechet.h"
#include "showo/image/metrics.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

void judge(Recogniser& recogniser, const Image& picture, const SceneContents& wanted,
           PictureTallies& tallies) {
  const SceneContents found = recogniser->recognise(to_tensor(picture).unsqueeze(0)).front();
  PictureTally& tally = tallies[wanted.things];
  const bool kinds = found.kinds == wanted.kinds, things = found.things == wanted.things,
             background = found.background == wanted.background;
  ++tally.judged;
  tally.kinds += kinds;
  tally.things += things;
  tally.background += background;
  tally.all += kinds && things && background;
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

}  // namespace

PictureFigures judge_pictures(Pipeline& pipeline, PictureJudges& judges, const std::string& shards,
                              int64_t scenes, const SamplingOptions& options) {
  PictureFigures figures;
  Distances distances(judges.features);
  Progress progress("pictures", scenes);
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto sample = reader.next(); sample && done < scenes; sample = reader.next()) {
      const auto bytes = std::as_bytes(std::span(sample->image_bytes));
      const Image picture =
          resize_and_crop(decode_image(bytes, sample->key), pipeline.image_size());
      const Image reconstruction = pipeline.reconstruct(picture);
      distances.add(picture, reconstruction);
      if (judges.recogniser) {
        const SceneContents wanted = contents_of(*sample);
        const auto seed = static_cast<uint64_t>(done);
        judge(judges.recogniser, picture, wanted, figures.real);
        judge(judges.recogniser, reconstruction, wanted, figures.reconstructed);
        judge(judges.recogniser, pipeline.text_to_image(sample->caption, {seed}, options).front(),
              wanted, figures.generated);
      }
      progress.update(++done);
    }
  }
  distances.report(figures);
  return figures;
}

}  // namespace showo
