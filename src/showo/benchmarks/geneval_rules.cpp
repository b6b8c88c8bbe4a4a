#include "showo/benchmarks/geneval_rules.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "showo/core/error.h"

namespace showo {

const std::vector<std::string> kGenevalClasses = {"person",
                                                  "bicycle",
                                                  "car",
                                                  "motorcycle",
                                                  "airplane",
                                                  "bus",
                                                  "train",
                                                  "truck",
                                                  "boat",
                                                  "traffic light",
                                                  "fire hydrant",
                                                  "stop sign",
                                                  "parking meter",
                                                  "bench",
                                                  "bird",
                                                  "cat",
                                                  "dog",
                                                  "horse",
                                                  "sheep",
                                                  "cow",
                                                  "elephant",
                                                  "bear",
                                                  "zebra",
                                                  "giraffe",
                                                  "backpack",
                                                  "umbrella",
                                                  "handbag",
                                                  "tie",
                                                  "suitcase",
                                                  "frisbee",
                                                  "skis",
                                                  "snowboard",
                                                  "sports ball",
                                                  "kite",
                                                  "baseball bat",
                                                  "baseball glove",
                                                  "skateboard",
                                                  "surfboard",
                                                  "tennis racket",
                                                  "bottle",
                                                  "wine glass",
                                                  "cup",
                                                  "fork",
                                                  "knife",
                                                  "spoon",
                                                  "bowl",
                                                  "banana",
                                                  "apple",
                                                  "sandwich",
                                                  "orange",
                                                  "broccoli",
                                                  "carrot",
                                                  "hot dog",
                                                  "pizza",
                                                  "donut",
                                                  "cake",
                                                  "chair",
                                                  "couch",
                                                  "potted plant",
                                                  "bed",
                                                  "dining table",
                                                  "toilet",
                                                  "tv",
                                                  "laptop",
                                                  "computer mouse",
                                                  "tv remote",
                                                  "computer keyboard",
                                                  "cell phone",
                                                  "microwave",
                                                  "oven",
                                                  "toaster",
                                                  "sink",
                                                  "refrigerator",
                                                  "book",
                                                  "clock",
                                                  "vase",
                                                  "scissors",
                                                  "teddy bear",
                                                  "hair drier",
                                                  "toothbrush"};

const std::vector<std::string> kGenevalColours = {"red",    "orange", "yellow", "green", "blue",
                                                  "purple", "pink",   "brown",  "black", "white"};

namespace {

constexpr float kSure = 0.3F, kSureForCounting = 0.9F, kPositionThreshold = 0.1F;
constexpr size_t kMaxObjects = 16;

using Boxes = std::vector<GenevalBox>;

const Boxes& boxes_of(const GenevalObjects& objects, const std::string& name) {
  static const Boxes kNone;
  const auto found = objects.find(name);
  return found == objects.end() ? kNone : found->second;
}

// Rounded to float32 before anything is added to it, on machines with fused products too.
float product(float a, float b) { return static_cast<float>(static_cast<double>(a) * b); }

// An offset of centres, shrunk towards 0 by a tenth of the sizes.
float shrunk(float offset, float sizes) {
  const float length = std::max(std::abs(offset) - product(kPositionThreshold, sizes), 0.0F);
  return std::copysign(offset == 0 ? 0 : length, offset);
}

// How `a` lies to `b`: of the names the relation has, those that hold.
std::set<std::string> relations(const GenevalBox& a, const GenevalBox& b) {
  const float x = (a.x1 + a.x2) / 2 - (b.x1 + b.x2) / 2, y = (a.y1 + a.y2) / 2 - (b.y1 + b.y2) / 2;
  const float shrunk_x = shrunk(x, std::abs(a.x2 - a.x1) + std::abs(b.x2 - b.x1));
  const float shrunk_y = shrunk(y, std::abs(a.y2 - a.y1) + std::abs(b.y2 - b.y1));
  if (std::abs(shrunk_x) < 1e-3F && std::abs(shrunk_y) < 1e-3F) return {};
  const float length = std::sqrt(product(x, x) + product(y, y));
  const float dx = shrunk_x / length, dy = shrunk_y / length;
  std::set<std::string> found;
  if (dx < -0.5F) found.insert("left of");
  if (dx > 0.5F) found.insert("right of");
  if (dy < -0.5F) found.insert("above");
  if (dy > 0.5F) found.insert("below");
  return found;
}

// What is wrong with the colours of what was found for a request; empty: nothing.
std::string colour_fault(const Boxes& found, const GenevalRequest& request) {
  std::map<std::string, int64_t> counts;
  for (const GenevalBox& box : found) {
    if (box.colour.empty())
      fail("a {} without its colour, which the prompt asks for", request.name);
    ++counts[box.colour];
  }
  const int64_t right = counts[*request.colour];
  if (right >= request.count) return "";
  std::vector<std::string> seen;
  for (const std::string& colour : kGenevalColours)
    if (const int64_t count = counts[colour]) seen.push_back(fmt::format("{} {}", count, colour));
  return fmt::format("expected {} {}>={}, found {} {}; and {}", *request.colour, request.name,
                     request.count, right, *request.colour, fmt::join(seen, ", "));
}

// Every found object must lie so to every target; the first that does not is told.
std::string position_fault(const Boxes& found, const std::optional<Boxes>& targets,
                           const GenevalRequest& request) {
  const std::string& relation = request.position->relation;
  if (!targets) return fmt::format("no target for {} to be {}", request.name, relation);
  for (const GenevalBox& box : found)
    for (const GenevalBox& target : *targets)
      if (const auto seen = relations(box, target); !seen.contains(relation))
        return fmt::format("expected {} {} target, found {} target", request.name, relation,
                           fmt::join(seen, " and "));
  return "";
}

// What is wrong with the surest objects of a request; `groups` are those of the earlier ones,
// nothing where they failed.
std::string fault(const Boxes& found, const GenevalRequest& request,
                  const std::vector<std::optional<Boxes>>& groups) {
  if (static_cast<int64_t>(found.size()) < request.count)
    return fmt::format("expected {}>={}, found {}", request.name, request.count, found.size());
  std::string wrong = request.colour ? colour_fault(found, request) : "";
  if (wrong.empty() && request.position)
    wrong = position_fault(found, groups[request.position->target], request);
  return wrong;
}

}  // namespace

GenevalObjects sure_objects(const GenevalObjects& found, const std::string& tag) {
  const float threshold = tag == "counting" ? kSureForCounting : kSure;
  GenevalObjects sure;
  for (const auto& [name, boxes] : found) {
    Boxes kept = boxes;
    std::stable_sort(kept.begin(), kept.end(),
                     [](const GenevalBox& a, const GenevalBox& b) { return a.score < b.score; });
    // Backwards, as the official script turns what it has sorted: of ties the later comes first.
    std::reverse(kept.begin(), kept.end());
    std::erase_if(kept, [&](const GenevalBox& box) { return !(box.score > threshold); });
    if (kept.size() > kMaxObjects) kept.resize(kMaxObjects);
    if (!kept.empty()) sure[name] = std::move(kept);
  }
  return sure;
}

GenevalVerdict judge_picture(const GenevalObjects& objects,
                             const std::vector<GenevalRequest>& include,
                             const std::vector<GenevalRequest>& exclude) {
  std::vector<std::string> faults;
  std::vector<std::optional<Boxes>> groups;
  for (const GenevalRequest& request : include) {
    Boxes found = boxes_of(objects, request.name);
    if (static_cast<int64_t>(found.size()) > request.count) found.resize(request.count);
    const std::string wrong = fault(found, request, groups);
    groups.push_back(wrong.empty() ? std::optional(std::move(found)) : std::nullopt);
    if (!wrong.empty()) faults.push_back(wrong);
  }
  for (const GenevalRequest& request : exclude)
    if (const size_t found = boxes_of(objects, request.name).size();
        static_cast<int64_t>(found) >= request.count)
      faults.push_back(fmt::format("expected {}<{}, found {}", request.name, request.count, found));
  return {faults.empty(), fmt::format("{}", fmt::join(faults, "\n"))};
}

}  // namespace showo
