#include "showo/benchmarks/benchmarks.h"

#include <map>

#include "showo/benchmarks/captions.h"
#include "showo/benchmarks/gqa.h"
#include "showo/benchmarks/mme.h"
#include "showo/benchmarks/mmmu.h"
#include "showo/benchmarks/pope.h"
#include "showo/benchmarks/vqav2.h"

namespace showo {

const std::vector<NamedBenchmark>& benchmarks() {
  static const std::vector<NamedBenchmark> table = {
      {"pope", open_pope, "POPE: objects that are there or not", "/official/mean_accuracy", 100},
      {"mme", open_mme, "MME: yes or no in 14 sub-tasks", "/official/perception", 1},
      {"vqav2", open_vqav2, "VQAv2: open questions, ten answers each", "/official/overall", 1},
      {"gqa", open_gqa, "GQA: relations and attributes", "/official/accuracy", 1},
      {"mmmu", open_mmmu, "MMMU: questions of college courses", "/official_random/overall/accuracy",
       100},
      {"captions", open_captions, "captions of COCO or Flickr30k, CIDEr-D", "/official/CIDEr", 100},
  };
  return table;
}

std::optional<double> headline(const Json& score, const NamedBenchmark& benchmark) {
  const Json::json_pointer path(benchmark.headline);
  if (!score.contains(path) || !score[path].is_number()) return std::nullopt;
  return score[path].get<double>() * benchmark.scale;
}

std::vector<PublishedFigure> published_figures(const std::string& benchmark) {
  constexpr const char *k35M = "Show-o, 35M pairs, 256²", *k256 = "Show-o, 2.0B pairs, 256²",
                       *k512 = "Show-o, 2.0B pairs, 512²", *kClip = "Show-o with CLIP-ViT";
  static const std::map<std::string, std::vector<PublishedFigure>> table = {
      {"pope", {{k35M, 73.8}, {k256, 76.2}, {k512, 80.0}, {kClip, 84.5}}},
      {"mme", {{k35M, 948.4}, {k256, 1014.9}, {k512, 1097.2}, {kClip, 1232.9}}},
      {"captions", {{k35M, 36.2}, {k256, 48.9}, {k512, 62.5}, {kClip, 67.6}}},
      {"vqav2", {{k35M, 59.3}, {k256, 64.7}, {k512, 69.4}, {kClip, 74.7}}},
      {"gqa", {{k35M, 48.7}, {k256, 54.2}, {k512, 58.0}, {kClip, 61.0}}},
      {"mmmu", {{k35M, 25.1}, {k256, 25.0}, {k512, 26.7}, {kClip, 27.4}}},
      {"geneval", {{"Show-o, 256²", 0.53}, {"Show-o, 512²", 0.68}, {kClip, 0.69}}},
  };
  const auto found = table.find(benchmark);
  return found == table.end() ? std::vector<PublishedFigure>() : found->second;
}

}  // namespace showo
