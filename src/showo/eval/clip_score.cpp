#include "showo/eval/clip_score.h"

#include <cmath>

#include "showo/core/log.h"
#include "showo/image/preprocess.h"
#include "showo/vision/clip_folder.h"

namespace showo {

using torch::Tensor;

namespace {

constexpr size_t kSeenTogether = 32;  // pictures that are looked at at once
constexpr const char* kDepicts = "A photo depicts ";

// The next pictures that can be read, with their texts.
struct PairBatch {
  std::vector<Image> pictures;
  std::vector<std::string> texts, names;
};

class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  int64_t count() const { return count_; }
  double value() const { return sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

struct Sums {
  Mean cosine, clipscore;
  Json pictures = Json::object();
};

void judge_batch(ClipJudge& judge, const PairBatch& batch, Sums& sums, Problems& problems) {
  if (batch.pictures.empty()) return;
  const auto fits = judge.judge(batch.pictures, batch.texts);
  for (size_t i = 0; i < fits.size(); ++i) {
    if (!std::isfinite(fits[i].cosine) || !std::isfinite(fits[i].depicts_cosine))
      fail("{}: the cosine of picture and text is not finite: damaged weights", batch.names[i]);
    if (fits[i].cut) problems.add("cut", batch.names[i] + ": CLIP reads a part of its text");
    sums.cosine.add(fits[i].cosine);
    sums.clipscore.add(2.5 * std::max(fits[i].depicts_cosine, 0.0));
    sums.pictures[batch.names[i]] = 100 * fits[i].cosine;
  }
}

}  // namespace

ClipJudge::ClipJudge(const fs::path& folder, torch::Device device)
    : tokenizer_(Tokenizer::from_folder(folder)),
      clip_(load_clip(folder, torch::kFloat, device)),
      device_(device) {
  if (tokenizer_->size() > clip_->config.text_config.vocab_size)
    fail("{}: the tokenizer has {} tokens, vocab_size in config.json is {}", folder.string(),
         tokenizer_->size(), clip_->config.text_config.vocab_size);
}

Tensor ClipJudge::embed(const std::vector<std::string>& texts, std::vector<bool>* cut) {
  return clip_->embed_texts(clip_text_ids(*tokenizer_, texts, clip_->config.text_config, cut));
}

std::vector<ClipFit> ClipJudge::judge(const std::vector<Image>& pictures,
                                      const std::vector<std::string>& texts) {
  torch::NoGradGuard no_grad;
  TORCH_CHECK(pictures.size() == texts.size());
  const auto side = static_cast<int>(clip_->config.vision_config.image_size);
  std::vector<Tensor> pixels;
  for (const Image& picture : pictures) pixels.push_back(preprocess_clip(picture, side));
  const auto seen_BE = clip_->embed_pictures(torch::stack(pixels).to(device_));
  std::vector<std::string> depicts;
  for (const std::string& text : texts) depicts.push_back(kDepicts + text);
  std::vector<bool> cut;
  const auto cosines = [&](const Tensor& texts_BE) {
    return (seen_BE * texts_BE).sum(1).to(torch::kCPU, torch::kDouble);
  };
  const auto plain = cosines(embed(texts, &cut)), behind = cosines(embed(depicts, nullptr));
  std::vector<ClipFit> fits;
  for (int64_t i = 0; i < std::ssize(pictures); ++i)
    fits.push_back({plain[i].item<double>(), behind[i].item<double>(), cut[i]});
  return fits;
}

Json score_clip(ClipJudge& judge, const fs::path& folder) {
  Problems problems;
  const auto pictures = pictures_with_texts(folder, problems);
  Sums sums;
  Progress progress("clip-score", std::ssize(pictures));
  for (size_t begin = 0; begin < pictures.size(); begin += kSeenTogether) {
    const size_t end = std::min(begin + kSeenTogether, pictures.size());
    PairBatch batch;
    for (size_t i = begin; i < end; ++i) {
      const auto& [place, text] = pictures[i];
      try {
        batch.pictures.push_back(place.read());
      } catch (const Error& error) {
        problems.add("damaged", std::string(error.what()) + ": left out");
        continue;
      }
      batch.texts.push_back(text);
      batch.names.push_back(place.name(folder));
    }
    judge_batch(judge, batch, sums, problems);
    progress.update(static_cast<int64_t>(end));
  }
  if (sums.cosine.count() == 0) fail("{}: none of its pictures can be read", folder.string());
  return {{"official",
           {{"clip_score", std::max(100 * sums.cosine.value(), 0.0)},
            {"clipscore", sums.clipscore.value()},
            {"cosine", sums.cosine.value()},
            {"pictures", sums.cosine.count()}}},
          {"pictures", sums.pictures},
          {"problems", problems.to_json()}};
}

}  // namespace showo
