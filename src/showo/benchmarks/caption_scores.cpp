#include "showo/benchmarks/caption_scores.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

constexpr size_t kOrders = 4;
using Gram = std::vector<int>;  // its words' numbers
using Counts = std::array<std::map<Gram, int>, kOrders>;

struct Caption {
  int64_t words = 0;
  Counts counts;
};

struct Image {
  Caption prediction;
  std::vector<Caption> references;
};

class Vocabulary {
 public:
  Caption count(const CaptionTokens& tokens) {
    Gram words;
    for (const std::string& token : tokens)
      for (const std::string& word : python::words(token))
        words.push_back(
            numbers_.try_emplace(word, static_cast<int>(numbers_.size())).first->second);
    Caption caption;
    caption.words = static_cast<int64_t>(words.size());
    for (size_t n = 0; n < kOrders; ++n)
      for (size_t i = 0; i + n < words.size(); ++i)
        ++caption.counts[n][Gram(words.begin() + i, words.begin() + i + n + 1)];
    return caption;
  }

 private:
  std::map<std::string, int> numbers_;
};

// ---- CIDEr-D ----

// How many images' references have the n-gram.
std::map<Gram, int> document_frequencies(const std::vector<Image>& images) {
  std::map<Gram, int> frequencies;
  for (const Image& image : images) {
    std::map<Gram, int> in_image;
    for (const Caption& reference : image.references)
      for (const auto& counts : reference.counts) in_image.insert(counts.begin(), counts.end());
    for (const auto& [gram, count] : in_image) ++frequencies[gram];
  }
  return frequencies;
}

// Counts times the logarithm of how rare the n-gram is.
struct Weighted {
  std::array<std::map<Gram, double>, kOrders> weights;
  std::array<double, kOrders> norms = {};
  double words = 0;
};

class Cider {
 public:
  explicit Cider(const std::vector<Image>& images)
      : frequencies_(document_frequencies(images)),
        log_images_(std::log(static_cast<double>(images.size()))) {}

  double score(const Image& image) const {
    const Weighted prediction = weighted(image.prediction);
    double sum = 0;
    for (const Caption& reference : image.references)
      sum += similarity(prediction, weighted(reference));
    return 10 * sum / kOrders / static_cast<double>(image.references.size());
  }

 private:
  Weighted weighted(const Caption& caption) const {
    Weighted weighted;
    weighted.words = static_cast<double>(caption.words);
    for (size_t n = 0; n < kOrders; ++n) {
      double squares = 0;
      for (const auto& [gram, count] : caption.counts[n]) {
        const auto found = frequencies_.find(gram);
        const double seen = found == frequencies_.end() ? 0 : std::log(found->second);
        const double weight = count * (log_images_ - seen);
        weighted.weights[n][gram] = weight;
        squares += weight * weight;
      }
      weighted.norms[n] = std::sqrt(squares);
    }
    return weighted;
  }

  // Summed over the orders; σ = 6. The published program takes the number of bigrams for the
  // length: wherever there is anything to compare the difference is the same.
  static double similarity(const Weighted& prediction, const Weighted& reference) {
    const double difference = prediction.words - reference.words;
    const double penalty = std::exp(-difference * difference / (2 * 6.0 * 6.0));
    double sum = 0;
    for (size_t n = 0; n < kOrders; ++n) {
      double product = 0;
      for (const auto& [gram, weight] : prediction.weights[n])
        if (const auto found = reference.weights[n].find(gram); found != reference.weights[n].end())
          product += std::min(weight, found->second) * found->second;
      const double norm = prediction.norms[n] * reference.norms[n];
      sum += penalty * (norm == 0 ? product : product / norm);
    }
    return sum;
  }

  std::map<Gram, int> frequencies_;
  double log_images_;
};

// ---- BLEU ----

struct Bleu {
  int64_t length = 0, reference_length = 0;
  std::array<int64_t, kOrders> correct = {}, guessed = {};

  Bleu& operator+=(const Bleu& other) {
    length += other.length;
    reference_length += other.reference_length;
    for (size_t n = 0; n < kOrders; ++n) {
      correct[n] += other.correct[n];
      guessed[n] += other.guessed[n];
    }
    return *this;
  }

  std::array<double, kOrders> scores() const {
    constexpr double kTiny = 1e-15, kSmall = 1e-9;  // the published guards against division by zero
    const double ratio = (length + kTiny) / (reference_length + kSmall);
    const double penalty = ratio < 1 ? std::exp(1 - 1 / ratio) : 1;
    std::array<double, kOrders> scores;
    double product = 1;
    for (size_t n = 0; n < kOrders; ++n) {
      product *= (correct[n] + kTiny) / (guessed[n] + kSmall);
      scores[n] = penalty * std::pow(product, 1.0 / (n + 1));
    }
    return scores;
  }
};

// The reference that is closest in length counts, the shorter of two.
int64_t closest_length(const Image& image) {
  std::pair<int64_t, int64_t> best{INT64_MAX, 0};
  for (const Caption& reference : image.references)
    best = std::min(best, {std::abs(reference.words - image.prediction.words), reference.words});
  return best.second;
}

Bleu count_bleu(const Image& image) {
  Bleu bleu;
  bleu.length = image.prediction.words;
  bleu.reference_length = closest_length(image);
  for (size_t n = 0; n < kOrders; ++n) {
    bleu.guessed[n] = std::max<int64_t>(0, bleu.length - static_cast<int64_t>(n));
    for (const auto& [gram, count] : image.prediction.counts[n]) {
      int most = 0;
      for (const Caption& reference : image.references)
        if (const auto found = reference.counts[n].find(gram); found != reference.counts[n].end())
          most = std::max(most, found->second);
      bleu.correct[n] += std::min(count, most);
    }
  }
  return bleu;
}

// ---- ROUGE-L ----

int64_t common_subsequence(const CaptionTokens& a, const CaptionTokens& b) {
  std::vector<int64_t> lengths(b.size() + 1);
  for (const std::string& token : a) {
    int64_t diagonal = 0;
    for (size_t j = 1; j <= b.size(); ++j) {
      const int64_t above = lengths[j];
      lengths[j] = token == b[j - 1] ? diagonal + 1 : std::max(above, lengths[j - 1]);
      diagonal = above;
    }
  }
  return lengths.back();
}

// The largest precision and the largest recall count, be they of different references.
double rouge_l(const CaptionedImage& image) {
  constexpr double kBeta2 = 1.2 * 1.2;
  // A caption without tokens has one to the published program, an empty one.
  const auto split = [](CaptionTokens tokens) {
    return tokens.empty() ? CaptionTokens{""} : std::move(tokens);
  };
  const CaptionTokens prediction = split(image.prediction);
  double precision = 0, recall = 0;
  for (const CaptionTokens& tokens : image.references) {
    const CaptionTokens reference = split(tokens);
    const auto common = static_cast<double>(common_subsequence(reference, prediction));
    precision = std::max(precision, common / static_cast<double>(prediction.size()));
    recall = std::max(recall, common / static_cast<double>(reference.size()));
  }
  if (precision == 0 || recall == 0) return 0;
  return (1 + kBeta2) * precision * recall / (recall + kBeta2 * precision);
}

}  // namespace

CaptionReport score_captions(const std::vector<CaptionedImage>& images) {
  Vocabulary vocabulary;
  std::vector<Image> counted;
  for (const CaptionedImage& image : images) {
    Image& in = counted.emplace_back(Image{vocabulary.count(image.prediction), {}});
    for (const CaptionTokens& reference : image.references)
      in.references.push_back(vocabulary.count(reference));
  }
  const Cider cider(counted);
  CaptionReport report;
  Bleu all;
  for (size_t i = 0; i < images.size(); ++i) {
    const Bleu bleu = count_bleu(counted[i]);
    all += bleu;
    report.images.push_back({cider.score(counted[i]), bleu.scores(), rouge_l(images[i])});
    report.all.cider += report.images[i].cider;
    report.all.rouge_l += report.images[i].rouge_l;
  }
  report.all.cider /= static_cast<double>(images.size());
  report.all.rouge_l /= static_cast<double>(images.size());
  report.all.bleu = all.scores();
  return report;
}

}  // namespace showo
