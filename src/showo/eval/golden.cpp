#include "showo/eval/golden.h"

#include <algorithm>
#include <map>

#include "showo/eval/golden_backbone.h"
#include "showo/eval/golden_models.h"
#include "showo/eval/golden_text.h"

namespace showo {
namespace {

using Runner = void (*)(GoldenCase&);
const std::map<std::string, Runner> kRunners = {{"tokenizer", check_tokenizer},
                                                {"prompting", check_prompting},
                                                {"schedules", check_schedules},
                                                {"magvitv2", check_magvitv2},
                                                {"showo_train", check_showo_train},
                                                {"showo_t2i", check_showo_t2i},
                                                {"showo_mmu", check_showo_mmu},
                                                {"llama_backbone", check_llama_backbone}, {"showo_clip_mmu", check_showo_clip_mmu},
                                                {"image_preprocessing", check_image_preprocessing}};

}  // namespace

bool CaseReport::passed() const {
  return !comparisons.empty() && std::all_of(comparisons.begin(), comparisons.end(),
                                             [](const auto& c) { return c.passed; });
}

CaseReport check_case(const fs::path& folder, const fs::path& tokenizer, const CheckPlace& place) {
  const fs::path description = folder / "case.json";
  if (!fs::exists(description)) fail("{}: not a case: no case.json inside", folder.string());
  GoldenCase c{folder, tokenizer, read_json(description), {}, {}, place, {}};
  if (!c.json.is_object() || !c.json.contains("kind") || !c.json["kind"].is_string())
    fail("{}: 'kind' is missing", description.string());
  c.report.kind = c.json["kind"].get<std::string>();
  const auto runner = kRunners.find(c.report.kind);
  if (runner == kRunners.end())
    fail("{}: kind '{}' is not known", description.string(), c.report.kind);
  if (fs::exists(folder / "inputs.safetensors"))
    c.inputs = read_safetensors(folder / "inputs.safetensors").tensors;
  if (fs::exists(folder / "expected.safetensors"))
    c.expected = read_safetensors(folder / "expected.safetensors").tensors;
  try {
    runner->second(c);
  } catch (const Json::exception& error) {
    fail("{}: {}", description.string(), error.what());
  }
  return c.report;
}

}  // namespace showo
