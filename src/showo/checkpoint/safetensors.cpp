#include "showo/checkpoint/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "showo/checkpoint/mapping.h"
#include "showo/core/config.h"

namespace showo {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMostDimensions = 64;
constexpr const char* kMetadata = "__metadata__";
static_assert(std::endian::native == std::endian::little,
              "safetensors files are little-endian and mapped as they are");

struct DtypeName {
  at::ScalarType dtype;
  const char* name;
};
constexpr DtypeName kDtypes[] = {{at::kDouble, "F64"},    {at::kFloat, "F32"}, {at::kHalf, "F16"},
                                 {at::kBFloat16, "BF16"}, {at::kLong, "I64"},  {at::kInt, "I32"},
                                 {at::kShort, "I16"},     {at::kChar, "I8"},   {at::kByte, "U8"},
                                 {at::kBool, "BOOL"}};

struct Entry {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

at::ScalarType dtype_of(const std::string& name, const std::string& where) {
  for (const auto& known : kDtypes) {
    if (name == known.name) return known.dtype;
  }
  fail("{}: dtype '{}' is not supported", where, name);
}

// JSON objects silently keep one of two equal keys, so names are watched while parsing.
Json parse_header(const std::string& text, const std::string& path) {
  std::set<std::string> names;
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
      if (depth > 4) fail("{}: the header is nested too deeply", path);
      if (event == Json::parse_event_t::key && depth == 1 &&
          !names.insert(parsed.get<std::string>()).second) {
        fail("{}: tensor '{}' stands twice in the header", path, parsed.get<std::string>());
      }
      return true;
    });
  } catch (const Json::exception& error) {
    fail("{}: the header is not valid JSON: {}", path, error.what());
  }
}

uint64_t whole_number(const Json& json, const std::string& where) {
  if (!json.is_number_unsigned()) fail("{}: expected a whole number, found {}", where, json.dump());
  return json.get<uint64_t>();
}

Entry parse_entry(const std::string& name, const Json& json, const std::string& path,
                  uint64_t data_size) {
  const std::string where = fmt::format("{}: tensor '{}'", path, name);
  const bool complete = json.is_object() && json.contains("dtype") && json["dtype"].is_string() &&
                        json.contains("shape") && json["shape"].is_array() &&
                        json.contains("data_offsets") && json["data_offsets"].is_array() &&
                        json["data_offsets"].size() == 2;
  if (!complete) fail("{}: expected dtype, shape and data_offsets in the header", where);
  Entry entry{name, dtype_of(json["dtype"].get<std::string>(), where), {}, 0, 0};
  // Strides must not overflow either, which they can where another dimension is 0.
  auto extent = static_cast<int64_t>(c10::elementSize(entry.dtype));
  bool empty = false;
  if (json["shape"].size() > kMostDimensions)
    fail("{}: {} dimensions, expected at most {}", where, json["shape"].size(), kMostDimensions);
  for (const auto& dimension : json["shape"]) {
    const uint64_t size = whole_number(dimension, where);
    if (__builtin_mul_overflow(extent, std::max<uint64_t>(size, 1), &extent))
      fail("{}: its shape overflows", where);
    empty |= size == 0;
    entry.shape.push_back(static_cast<int64_t>(size));
  }
  const uint64_t bytes = empty ? 0 : extent;
  entry.begin = whole_number(json["data_offsets"][0], where);
  entry.end = whole_number(json["data_offsets"][1], where);
  if (entry.begin > entry.end || entry.end > data_size) {
    fail("{}: bytes {} to {} lie outside the file's {} bytes of data", where, entry.begin,
         entry.end, data_size);
  }
  if (entry.end - entry.begin != bytes) {
    fail("{}: {} bytes in the file, expected {} from shape and dtype", where,
         entry.end - entry.begin, bytes);
  }
  return entry;
}

void check_layout(std::vector<Entry> entries, const std::string& path, uint64_t data_size) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t at = 0;
  for (const auto& entry : entries) {
    if (entry.begin < at) fail("{}: tensor '{}' overlaps the one before it", path, entry.name);
    if (entry.begin > at)
      fail("{}: {} bytes before tensor '{}' belong to none", path, entry.begin - at, entry.name);
    at = entry.end;
  }
  if (at != data_size) fail("{}: {} bytes at the end belong to no tensor", path, data_size - at);
}

const char* dtype_name(const at::Tensor& tensor, const std::string& name) {
  for (const auto& known : kDtypes) {
    if (tensor.scalar_type() == known.dtype) return known.name;
  }
  fail("tensor '{}': its dtype cannot be written to safetensors", name);
}

}  // namespace

SafetensorsFile read_safetensors(const fs::path& path) {
  auto mapping = Mapping::open(path);
  const std::string name = path.string();
  const std::string_view file = mapping->text();
  if (file.size() < 8) fail("{}: {} bytes, too short for safetensors", name, file.size());
  uint64_t header_size;
  std::memcpy(&header_size, file.data(), 8);
  if (header_size > kMaxHeader || header_size > file.size() - 8) {
    fail("{}: the header says it has {} bytes, the file has {}: truncated or not safetensors", name,
         header_size, file.size());
  }
  const Json header = parse_header(std::string(file.substr(8, header_size)), name);
  if (!header.is_object()) fail("{}: the header is not an object", name);
  const uint64_t data_size = file.size() - 8 - header_size;
  SafetensorsFile result;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != kMetadata) {
      entries.push_back(parse_entry(key, value, name, data_size));
      continue;
    }
    if (!value.is_object()) fail("{}: __metadata__ is not an object", name);
    for (const auto& item : value.items()) {
      if (!item.value().is_string()) fail("{}: __metadata__ '{}' is not text", name, item.key());
      result.metadata[item.key()] = item.value().get<std::string>();
    }
  }
  check_layout(entries, name, data_size);
  for (const auto& entry : entries) {
    result.tensors[entry.name] =
        mapping->tensor(8 + header_size + entry.begin, entry.shape, entry.dtype);
  }
  return result;
}

void write_safetensors(const fs::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == kMetadata) fail("{}: no tensor can have the name '{}'", path.string(), name);
    const uint64_t end = offset + tensor.numel() * tensor.element_size();
    header[name] = {{"dtype", dtype_name(tensor, name)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    fail("{}: a name is not valid UTF-8: {}", path.string(), error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t size = text.size();
  write_file_atomically(path, [&](const auto& sink) {
    sink({reinterpret_cast<const char*>(&size), 8});
    sink(text);
    for (const auto& [name, tensor] : tensors) {
      const auto whole = tensor.detach().to(at::kCPU).contiguous();
      sink({static_cast<const char*>(whole.const_data_ptr()),
            static_cast<size_t>(whole.numel() * whole.element_size())});
    }
  });
}

}  // namespace showo
