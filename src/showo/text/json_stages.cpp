#include "showo/text/json_stages.h"

#include "showo/text/json_fields.h"

namespace showo {
namespace {

// The parts of a Sequence, of nested ones too, or the one stage itself; none of null.
std::vector<Json> stages_of(const Json& json, const char* list, const std::string& where) {
  if (json.is_null()) return {};
  if (text_of(json, "type", where) != "Sequence") return {json};
  const Json& parts = field(json, list, where);
  if (!parts.is_array()) fail("{}: {}: expected a list", where, list);
  std::vector<Json> stages;
  for (const auto& part : parts) {
    for (auto& stage : stages_of(part, list, where)) stages.push_back(std::move(stage));
  }
  return stages;
}

// What a stage looks for: only a text, no regular expression.
std::string plain_pattern(const Json& stage, const std::string& where) {
  const Json& pattern = field(stage, "pattern", where);
  field(pattern, "String", where + ": pattern");
  auto text = text_of(pattern, "String", where + ": pattern");
  if (text.empty()) fail("{}: pattern: String: expected a text", where);
  return text;
}

std::shared_ptr<const Splitter> read_split(const Json& stage, const std::string& where) {
  refuse_other_keys(stage, {"type", "pattern", "behavior", "invert"}, where + ": Split");
  const bool inverted = flag_of(stage, "invert", false, where);
  const auto behavior = text_of(stage, "behavior", where);
  if (behavior != (inverted ? "Removed" : "Isolated"))
    fail("{}: Split: behavior '{}' is not supported; expected Isolated, or Removed and invert",
         where, behavior);
  const Json& pattern = field(stage, "pattern", where);
  field(pattern, "Regex", where + ": Split: pattern");
  return std::make_shared<const Splitter>(text_of(pattern, "Regex", where), where,
                                          inverted ? Between::kDropped : Between::kKept);
}

std::shared_ptr<const Splitter> read_digits(const Json& stage, const std::string& where) {
  refuse_other_keys(stage, {"type", "individual_digits"}, where + ": Digits");
  const bool alone = flag_of(stage, "individual_digits", false, where + ": Digits");
  return std::make_shared<const Splitter>(alone ? R"(\p{N})" : R"(\p{N}+)", where);
}

void check_template(const Json& json, const std::string& where) {
  const Json& single = field(json, "single", where);
  int texts = 0;
  for (const auto& item : single.is_array() ? single : Json::array()) {
    const bool special = item.is_object() && item.contains("SpecialToken");
    if (item.is_object() && item.contains("Sequence")) {
      ++texts;
    } else if (!special) {
      fail("{}: single: expected SpecialToken or Sequence, found {}", where,
           config_detail::shown(item));
    }
  }
  if (texts != 1) fail("{}: single: expected one Sequence, found {}", where, texts);
}

}  // namespace

Normalizer read_normalizer(const Json& json, const std::string& where) {
  Normalizer steps;
  for (const auto& stage : stages_of(json, "normalizers", where)) {
    const auto type = text_of(stage, "type", where);
    if (type == "NFC") {
      refuse_other_keys(stage, {"type"}, where + ": NFC");
      steps.push_back([](std::string text) { return nfc(text); });
    } else if (type == "Lowercase") {
      refuse_other_keys(stage, {"type"}, where + ": Lowercase");
      steps.push_back([](std::string text) { return small_letters(text); });
    } else if (type == "Prepend") {
      refuse_other_keys(stage, {"type", "prepend"}, where + ": Prepend");
      steps.push_back([before = text_of(stage, "prepend", where)](std::string text) {
        return text.empty() ? text : before + text;
      });
    } else if (type == "Replace") {
      refuse_other_keys(stage, {"type", "pattern", "content"}, where + ": Replace");
      if (stage == Json{{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}}) {
        steps.push_back([](std::string text) { return single_spaces(text); });
        continue;
      }
      steps.push_back([from = plain_pattern(stage, where + ": Replace"),
                       to = text_of(stage, "content", where)](std::string text) {
        return replace_all(text, from, to);
      });
    } else {
      fail("{}: '{}' is not supported; expected NFC, Lowercase, Prepend or Replace", where, type);
    }
  }
  return steps;
}

Splitters read_byte_level(const Json& json, const std::string& where) {
  const auto type = text_of(json, "type", where);
  const auto stages = stages_of(json, "pretokenizers", where);
  Splitters splitters;
  for (size_t i = 0; i + 1 < stages.size(); ++i) {
    const auto part = text_of(stages[i], "type", where);
    if (part != "Split" && part != "Digits") {
      fail("{}: '{}' before ByteLevel is not supported; expected Split or Digits", where, part);
    }
    splitters.push_back(part == "Split" ? read_split(stages[i], where)
                                        : read_digits(stages[i], where));
  }
  if (stages.empty() || text_of(stages.back(), "type", where) != "ByteLevel") {
    if (type == "Sequence") {
      fail("{}: this Sequence is not supported; expected ByteLevel at its end", where);
    }
    fail("{}: '{}' is not supported; expected ByteLevel, alone or behind Split", where, type);
  }
  const Json& last = stages.back();
  refuse_other_keys(last, {"type", "add_prefix_space", "trim_offsets", "use_regex"},
                    where + ": ByteLevel");
  refuse_flags(last, {"add_prefix_space"}, where);
  if (flag_of(last, "use_regex", true, where)) {
    splitters.push_back(std::make_shared<const Splitter>());
  } else if (splitters.empty()) {
    fail("{}: ByteLevel without use_regex is not supported", where);
  }
  return splitters;
}

std::optional<SpaceMarks> read_space_marks(const Json& json, const std::string& where) {
  const auto stages = stages_of(json, "pretokenizers", where);
  if (stages.empty()) return std::nullopt;
  const Json& stage = stages[0];
  if (const auto type = text_of(stage, "type", where); stages.size() > 1 || type != "Metaspace") {
    fail("{}: '{}' is not supported with byte_fallback; expected Metaspace or none", where,
         stages.size() > 1 ? "Sequence" : type);
  }
  refuse_other_keys(stage, {"type", "replacement", "prepend_scheme", "split"},
                    where + ": Metaspace");
  if (flag_of(stage, "split", true, where)) {
    fail("{}: Metaspace: split is not supported; expected false", where);
  }
  if (const auto mark = text_of(stage, "replacement", where); mark != kSpaceMark) {
    fail("{}: Metaspace: replacement '{}' is not supported; expected ▁", where, mark);
  }
  using Before = SpaceMarks::Before;
  const auto scheme = text_of(stage, "prepend_scheme", where);
  if (scheme == "never") return SpaceMarks{Before::kNothing};
  if (scheme == "first") return SpaceMarks{Before::kBeginning};
  if (scheme == "always") return SpaceMarks{Before::kEverything};
  fail("{}: Metaspace: prepend_scheme '{}': expected first, always or never", where, scheme);
}

void check_post_processor(const Json& json, const std::string& where) {
  for (const auto& stage : stages_of(json, "processors", where)) {
    const auto type = text_of(stage, "type", where);
    if (type == "TemplateProcessing") {
      check_template(stage, where + ": TemplateProcessing");
    } else if (type != "ByteLevel" && type != "RobertaProcessing") {  // which trim offsets
      fail("{}: '{}' is not supported; expected ByteLevel, RobertaProcessing or TemplateProcessing",
           where, type);
    }
  }
}

void check_byte_level_decoder(const Json& json, const std::string& where) {
  for (const auto& stage : stages_of(json, "decoders", where)) {
    const auto type = text_of(stage, "type", where);
    if (type != "ByteLevel" && type != "Fuse") {
      fail("{}: '{}' is not supported; expected ByteLevel", where, type);
    }
  }
}

bool read_byte_fallback_decoder(const Json& json, const std::string& where) {
  const char* const order[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
  const auto stages = stages_of(json, "decoders", where);
  bool same = stages.size() == 3 || stages.size() == 4;
  for (size_t i = 0; same && i < stages.size(); ++i) {
    same = text_of(stages[i], "type", where) == order[i];
  }
  if (!same) {
    fail("{}: expected Replace, ByteFallback, Fuse and perhaps Strip with byte_fallback", where);
  }
  if (plain_pattern(stages[0], where + ": Replace") != kSpaceMark ||
      text_of(stages[0], "content", where) != " ") {
    fail("{}: Replace: expected ▁ to become a space", where);
  }
  if (stages.size() == 3) return false;
  if (stages[3] != Json{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}) {
    fail("{}: Strip: expected one space at the start, found {}", where,
         config_detail::shown(stages[3]));
  }
  return true;
}

}  // namespace showo
