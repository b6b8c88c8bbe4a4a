#include "showo/eval/pictures.h"

#include "showo/core/log.h"
#include "showo/data/shards.h"
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

}  // namespace

PictureFigures judge_pictures(Pipeline& pipeline, Recogniser* recogniser, const std::string& shards,
                              int64_t scenes, const SamplingOptions& options) {
  PictureFigures figures;
  Progress progress("pictures", scenes);
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto sample = reader.next(); sample && done < scenes; sample = reader.next()) {
      const auto bytes = std::as_bytes(std::span(sample->image_bytes));
      const Image picture =
          resize_and_crop(decode_image(bytes, sample->key), pipeline.image_size());
      const Image reconstruction = pipeline.reconstruct(picture);
      const double mse =
          (to_tensor(picture) - to_tensor(reconstruction)).square().mean().item<double>();
      figures.psnr += 10 * std::log10(4 / std::max(mse, 1e-10));
      if (recogniser) {
        const SceneContents wanted = contents_of(*sample);
        const auto seed = static_cast<uint64_t>(done);
        judge(*recogniser, picture, wanted, figures.real);
        judge(*recogniser, reconstruction, wanted, figures.reconstructed);
        judge(*recogniser, pipeline.text_to_image(sample->caption, {seed}, options).front(), wanted,
              figures.generated);
      }
      progress.update(++done);
    }
  }
  figures.psnr /= static_cast<double>(std::max<int64_t>(done, 1));
  return figures;
}

}  // namespace showo
