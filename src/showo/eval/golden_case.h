// What the runners of the kinds of golden cases share. Private to this folder.
#pragma once

#include "showo/checkpoint/safetensors.h"
#include "showo/core/config.h"
#include "showo/core/torch.h"
#include "showo/eval/golden.h"
#include "showo/prompt/prompting.h"

namespace showo {

struct GoldenCase {
  fs::path folder, tokenizer;
  Json json;
  TensorMap inputs, expected;
  CheckPlace place;
  CaseReport report;

  const torch::Tensor& input(const std::string& name) const;
  const torch::Tensor& wanted(const std::string& name) const;
  fs::path model_folder() const { return folder / json.value("model", "model"); }
  /// The vocabulary that the case's special_ids spell out.
  Vocabulary vocabulary() const;

  torch::Device device() const { return place.device; }
  torch::ScalarType dtype() const { return place.bf16 ? torch::kBFloat16 : torch::kFloat; }

  /// Largest difference relative to the tensor's largest magnitude. In bf16 `bound` is 300 times as
  /// wide: its numbers have 16 bits fewer.
  void compare(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected,
               double bound = 1e-4);
  void compare(const std::string& name, const torch::Tensor& actual, double bound = 1e-4) {
    compare(name, actual, wanted(name), bound);
  }
  /// Every element equal.
  void compare_exact(const std::string& name, const torch::Tensor& actual,
                     const torch::Tensor& expected);
  void compare_exact(const std::string& name, const torch::Tensor& actual) {
    compare_exact(name, actual, wanted(name));
  }
  /// What is chosen by logits: equal in fp32; in bf16 a tenth may be other choices.
  void compare_chosen(const std::string& name, const torch::Tensor& actual);
};

}  // namespace showo
