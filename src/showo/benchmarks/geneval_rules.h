// GenEval's verdict on one picture, from the objects that a detector found on it
// (evaluate_images.py of djghosh13/geneval).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace showo {

/// What a prompt asks for, or rules out.
struct GenevalRequest {
  std::string name;  // of the class
  int64_t count = 0;
  std::optional<std::string> colour;
  struct Position {
    std::string relation;  // left of, right of, above, below
    size_t target;         // an earlier request
  };
  std::optional<Position> position;
};

/// In pixels; float32, as the official script compares them.
struct GenevalBox {
  float x1, y1, x2, y2, score;
  std::string colour;  // empty: nobody asked
};

using GenevalObjects = std::map<std::string, std::vector<GenevalBox>>;  // by class

/// The detector's 80 classes in its order, and the classifier's ten colours.
extern const std::vector<std::string> kGenevalClasses, kGenevalColours;

/// Those that count: above the threshold of the prompt's tag, surest first, at most 16 of a class.
GenevalObjects sure_objects(const GenevalObjects& found, const std::string& tag);

struct GenevalVerdict {
  bool correct = true;
  std::string reason;  // a line for each fault
};

/// `objects` are sure ones. Throws Error when it needs a colour that is not there.
GenevalVerdict judge_picture(const GenevalObjects& objects,
                             const std::vector<GenevalRequest>& include,
                             const std::vector<GenevalRequest>& exclude);

}  // namespace showo
