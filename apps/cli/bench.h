// The parts of showo bench: a model to time, and what is timed besides drawing and answering.
#pragma once

#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "showo/codec/magvit.h"
#include "showo/model/showo.h"
#include "showo/prompt/prompting.h"
#include "showo/vision/clip.h"

namespace showo::cli {

struct BenchFlags {
  ModelFlags model;
  OutputFolder out;
  bool random = false, agreement = false, recompute = false;
  int prompt = 16, tokens = 32, repeats = 3, size = 256, layers = 24, train = 0, jobs = 0,
      jacobi = 1;
  std::string jobs_of = "mixed", vision = "discrete";
  SamplingOptions sampling{.steps = 3, .guidance = 5};
  /// The folders that are read.
  std::vector<fs::path> read() const;
};

/// Of the model's folder, or with --random of the published shapes. `low_bits`: CPU only.
Showo bench_model(const BenchFlags& flags, torch::ScalarType dtype,
                  const std::optional<LowBits>& low_bits);
Magvit bench_codec(const BenchFlags& flags, torch::ScalarType dtype);

/// Of a random model: with features of the published encoder that `vision` names, or with codes.
ShowoConfig published_sight(const std::string& vision);
/// The published CLIP-ViT and the tower for texts beside it, with random weights.
Clip random_clip(uint64_t seed, torch::ScalarType dtype);

/// Features of a picture that the model is asked about; 0: it sees codes. Throws Error when there
/// is no tower.
int64_t bench_features(const BenchFlags& flags, const ShowoConfig& config);
/// The beginning of a row: a picture of these codes, or of as many features.
Row bench_picture(const Prompting& prompting, Ids codes, int64_t features);
/// What makes the features [F, width] of a picture of noise. Throws Error naming files and numbers
/// when the tower does not fit the model.
std::function<Tensor()> bench_encoder(const BenchFlags& flags, const Showo& model, Magvit codec,
                                      torch::ScalarType dtype);

/// Multiplications and additions of a layer for a token, and of its attention to a key.
int64_t layer_weights(Showo& model);
int64_t attention_width(Showo& model);

/// How often the rounded weights of --bits say what the exact ones say.
void bench_agreement(const BenchFlags& flags);

/// --jobs pictures and answers in one engine, together and one after another.
void bench_engine(const BenchFlags& flags);

/// Steps of training with --train rows of random tokens, half of them pictures from text, half
/// texts about pictures.
void bench_training(const BenchFlags& flags);

}  // namespace showo::cli
