// How MMMU's official eval_utils.py (github.com/MMMU-Benchmark/MMMU) understands responses, and
// lmms-eval's variant.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace showo {

/// Of a multiple-choice question: its letters, and the text of each option by letter.
struct MmmuChoices {
  std::vector<std::string> letters;
  std::vector<std::pair<std::string, std::string>> options;
};

/// The letter that the response chooses; nothing where none is found, for which the scripts draw
/// one.
std::optional<std::string> mmmu_choice(const std::string& response, const MmmuChoices& choices);
/// lmms-eval also finds `A ` at the end of a word, and `A.`.
std::optional<std::string> mmmu_choice_lmms_eval(const std::string& response,
                                                 const MmmuChoices& choices);

/// A text or a number, rounded to two decimals, as the script compares them.
using MmmuGuess = std::variant<std::string, double>;

/// What an answer to an open question may mean, each once.
std::vector<MmmuGuess> mmmu_guesses(const std::string& response);
/// A true answer in the same form; one letter or sign alone as two texts with a space.
std::vector<MmmuGuess> mmmu_truth(const std::string& answer);
/// Whether a true text stands in a guessed one or numbers are equal.
bool mmmu_matches(const std::vector<MmmuGuess>& truth, const std::vector<MmmuGuess>& guesses);

}  // namespace showo
