// The stages of a tokenizer.json around its vocabulary, each as far as this project does the same:
// whatever would change the ids or the text and is not understood is an Error that names the field.
#pragma once

#include <optional>

#include "showo/core/config.h"
#include "showo/text/byte_fallback.h"
#include "showo/text/byte_level.h"
#include "showo/text/normalizer.h"

namespace showo {

/// NFC, Lowercase, Prepend, Replace of a text or of runs of spaces by one, and sequences of these;
/// null is none.
Normalizer read_normalizer(const Json& json, const std::string& where);

/// ByteLevel with GPT-2's pattern, or Splits and Digits and then ByteLevel. A Split keeps what its
/// pattern passes over, or (Removed, inverted) drops it.
Splitters read_byte_level(const Json& json, const std::string& where);
/// Of byte fallback: Metaspace that splits nothing, or null.
std::optional<SpaceMarks> read_space_marks(const Json& json, const std::string& where);

/// Throws Error on anything but special tokens around the text, which are the prompt's matter.
void check_post_processor(const Json& json, const std::string& where);
void check_byte_level_decoder(const Json& json, const std::string& where);
/// Of byte fallback: whether one space at the beginning of a text is left out.
bool read_byte_fallback_decoder(const Json& json, const std::string& where);

}  // namespace showo
