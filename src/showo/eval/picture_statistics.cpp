#include "showo/eval/picture_statistics.h"

#include "showo/benchmarks/npz.h"
#include "showo/core/log.h"
#include "showo/eval/frechet.h"

namespace showo {

using torch::Tensor;

namespace {

constexpr size_t kFeaturesTogether = 32;

// The next pictures, which are looked at together.
struct PixelBatch {
  std::vector<Tensor> pixels;
  std::vector<std::string> names;
};

void look(Inception& inception, PixelBatch& batch, FeatureMoments& moments, torch::Device device) {
  if (batch.pixels.empty()) return;
  const auto rows = inception->features(torch::stack(batch.pixels).to(device));
  const auto finite_B = rows.isfinite().all(1).cpu();
  for (size_t i = 0; i < batch.names.size(); ++i)
    if (!finite_B[static_cast<int64_t>(i)].item<bool>())
      fail("{}: its features are not finite: damaged weights", batch.names[i]);
  moments.add(rows);
  batch = {};
}

// Adds the picture to the batch, or a problem.
void read_into(const PicturePlace& place, PixelBatch& batch, Problems& problems) {
  try {
    batch.pixels.push_back(preprocess_inception(place.read()));
    batch.names.push_back(place.file.string());
  } catch (const Error& error) {
    problems.add("damaged", std::string(error.what()) + ": left out");
  }
}

NpyArray array_of(const Tensor& tensor) {
  const auto values = tensor.contiguous();
  const auto* begin = values.const_data_ptr<double>();
  return {values.sizes().vec(), {begin, begin + values.numel()}};
}

}  // namespace

void write_picture_statistics(Inception inception, const fs::path& folder, const fs::path& out,
                              Problems& problems, torch::Device device) {
  const auto places = pictures_in(folder, problems);
  FeatureMoments moments;
  PixelBatch batch;
  Progress progress("features", std::ssize(places));
  for (size_t i = 0; i < places.size(); ++i) {
    read_into(places[i], batch, problems);
    if (batch.pixels.size() == kFeaturesTogether) look(inception, batch, moments, device);
    progress.update(static_cast<int64_t>(i + 1));
  }
  look(inception, batch, moments, device);
  if (moments.count() < 2)
    fail("{}: expected two pictures or more, found {}", folder.string(), moments.count());
  if (out.has_parent_path()) make_folder(out.parent_path());
  const auto count = torch::tensor({static_cast<double>(moments.count())}, torch::kDouble);
  write_npz(out, {{"mu", array_of(moments.mean())},
                  {"sigma", array_of(moments.covariance())},
                  {"n", array_of(count)}});
}

}  // namespace showo
