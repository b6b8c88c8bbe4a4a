// The parts of showo bench: a model to time, and what is timed besides drawing and answering.
#pragma once

#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "showo/codec/magvit.h"
#include "showo/model/showo.h"

namespace showo::cli {

struct BenchFlags {
  ModelFlags model;
  OutputFolder out;
  bool random = false, agreement = false, recompute = false;
  int prompt = 16, tokens = 32, repeats = 3, size = 256, layers = 24, train = 0, jobs = 0;
  std::string jobs_of = "mixed";
  SamplingOptions sampling{.steps = 3, .guidance = 5};
  /// The folders that are read.
  std::vector<fs::path> read() const;
};

/// Of the model's folder, or with --random of the published shapes. `low_bits`: CPU only.
Showo bench_model(const BenchFlags& flags, torch::ScalarType dtype,
                  const std::optional<LowBits>& low_bits);
Magvit bench_codec(const BenchFlags& flags, torch::ScalarType dtype);

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
