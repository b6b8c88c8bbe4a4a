// `showo check`: reference cases (a checkpoint, inputs, expected outputs) against this
// implementation.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

/// Where a case's model runs, and in what.
struct CheckPlace {
  c10::Device device = c10::kCPU;
  bool bf16 = false;  // products in bf16; bounds are wider then
};

struct Comparison {
  std::string name;
  double largest_absolute = 0;  // ids, masks and codes: how many differ
  double largest_relative = 0;  // to the tensor's largest magnitude
  double bound = 0;             // on the relative difference; 0 means exact
  bool passed = false;
  std::string where;  // of the largest difference
};

struct CaseReport {
  std::string kind;
  std::vector<Comparison> comparisons;
  bool passed() const;
};

/// Runs the case in `folder`. `tokenizer` is the folder of phi-1.5's tokenizer, for cases that
/// bring none of their own. In bf16 tensors may differ by a few roundings, and of codes and tokens
/// that follow from them a part. Throws Error when the folder is not a case.
CaseReport check_case(const fs::path& folder, const fs::path& tokenizer,
                      const CheckPlace& place = {});

}  // namespace showo
