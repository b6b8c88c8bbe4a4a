// Reading of published JSON files key by key: another type than expected, or a missing key, is an
// Error that names the place.
#pragma once

#include <initializer_list>
#include <string>

#include "showo/core/config.h"

namespace showo {

/// The key's text or flag, or `absent` when there is none or it is null; throws Error on another
/// type.
std::string text_of(const Json& json, const char* key, const std::string& where);
bool flag_of(const Json& json, const char* key, bool absent, const std::string& where);
/// The key's value; throws Error when it is missing.
const Json& field(const Json& json, const char* key, const std::string& where);
/// The value as an id, or an Error that names its token.
int64_t id_from(const Json& id, const std::string& token, const std::string& where);
/// Throws Error naming the first of these flags that is true.
void refuse_flags(const Json& json, std::initializer_list<const char*> keys,
                  const std::string& where);
/// Throws Error naming the first key that is none of these: what is not known may change the ids.
void refuse_other_keys(const Json& json, std::initializer_list<std::string_view> known,
                       const std::string& where);

}  // namespace showo
