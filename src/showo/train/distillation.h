// Pictures in few steps: consistency distillation (Show-o Turbo, arXiv 2502.05415), on the
// student's own pictures. A teacher that draws in many steps decides some codes; the student draws
// all others at once; some of these are hidden again, and what the teacher says of them, seeing the
// rest, is what the student should have said without seeing it. Codes that are drawn at once and do
// not fit together are thereby led to one picture. Before the first code is known the student says
// what the teacher says, so that its first step chooses among as many pictures. B pictures, M
// masked codes of all of them.
#pragma once

#include "showo/model/showo.h"

namespace showo {

struct DistillationOptions {
  std::string teacher;
  double code_temperature = 1, later_temperature = 1;
  double guidance = 0;
  double first_steps = 0.3;
  double hidden_least = 0.1, hidden_most = 0.7;
  template <class V>
  void visit(V& v) {
    v(teacher, "teacher", "folder of the model whose pictures are learned; empty: none is");
    v(code_temperature, "code_temperature",
      "that the teacher draws the first codes with, and that the student then has by itself",
      between(0.01L, 100));
    v(later_temperature, "later_temperature",
      "the same of codes behind the first ones, which need only fit to them: colder",
      between(0.01L, 100));
    v(guidance, "guidance",
      "of the teacher, that the student then has by itself; of pictures from a text alone",
      between(0, 100));
    v(first_steps, "first_steps", "share of pictures of which no masked code is decided", share());
    v(hidden_least, "hidden_least", "share of the student's codes that are hidden again, at least",
      above(0, 1));
    v(hidden_most, "hidden_most", "the same, at most", above(0, 1));
  }
};

class Distillation {
 public:
  /// Loads the teacher, in fp32. Throws Error when it does not draw the student's codes.
  Distillation(const DistillationOptions& options, const Showo& student, torch::Device device);

  struct Step {
    Tensor hidden_TC;  // of all of the rows' tokens, by the student
    Tensor loss;
  };
  /// In place of mask token prediction, of the rows' M masked codes: the mean divergence KL(teacher
  /// ‖ student) of those that are hidden again, times M / `divisor`. `without_text`: the same
  /// pictures, masked alike, without their texts, for guidance.
  Step operator()(Showo& student, const PackedRows& rows, const PackedRows* without_text,
                  uint64_t seed, double divisor);
  bool guided() const { return options_.guidance > 0; }

 private:
  DistillationOptions options_;
  Showo teacher_{nullptr};
};

}  // namespace showo
