// MMMU's 30 subjects, its true answers and, as far as they are there as plain files, its questions.
#pragma once

#include <map>

#include "showo/benchmarks/benchmark.h"
#include "showo/benchmarks/mmmu_answers.h"

namespace showo {

struct MmmuSubject {
  const char* name;
  const char* domain;
};
/// In the official script's order, which is the alphabet's.
extern const std::vector<MmmuSubject> kMmmuSubjects;

bool is_mmmu_subject(const std::string& name);
/// "Art_Theory" of "validation_Art_Theory_12".
std::string mmmu_subject_of(const std::string& id);

struct MmmuTruth {
  bool choice = false;               // multiple choice, or open
  std::vector<std::string> answers;  // letters, or texts; each is right
  bool operator==(const MmmuTruth&) const = default;
};
/// Of a text or a list of texts. Throws Error naming `where`.
MmmuTruth mmmu_truth_of(const std::string& question_type, const Json& answer,
                        const std::string& where);

struct MmmuQuestion {
  std::string id, text;
  MmmuTruth truth;
  MmmuChoices choices;
  std::vector<int> pictures;  // the numbers of its marks <image n>, ascending
};

/// The rows of the validation set, whose columns are id, question, options, answer and
/// question_type: of validation.jsonl or validation.json in `data`, or of such a file in the folder
/// of each subject there. Options may be a list or text that holds a Python list. Empty where
/// `data` has no such file.
std::vector<MmmuQuestion> read_mmmu_questions(const fs::path& data);

/// A subject's questions by the official example's prompt (its configuration file llava1.5.yaml) or
/// lmms-eval's.
std::string mmmu_prompt(const MmmuQuestion& question, Protocol protocol);

}  // namespace showo
