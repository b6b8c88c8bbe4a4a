#include "showo/text/protobuf.h"

#include "showo/core/error.h"

namespace showo {
namespace {

enum Wire { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void append_varint(uint64_t value, std::string& message) {
  for (; value >= 0x80; value >>= 7) message += static_cast<char>(0x80 | (value & 0x7f));
  message += static_cast<char>(value);
}

}  // namespace

void ProtobufFields::refuse() const { fail("{}: not a sentencepiece model, or damaged", where_); }

std::string_view ProtobufFields::take(uint64_t length) {
  if (length > rest_.size()) refuse();
  const auto taken = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return taken;
}

uint64_t ProtobufFields::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  refuse();
}

bool ProtobufFields::next(Field& field) {
  if (rest_.empty()) return false;
  const std::string_view begin = rest_;
  const uint64_t tag = varint();
  if (tag >> 3 == 0 || tag >> 3 >= 1 << 29) refuse();
  field = {static_cast<uint32_t>(tag >> 3), 0, {}, {}};
  switch (tag & 7) {
    case kVarint:
      field.value = varint();
      break;
    case kEightBytes:
      field.value = little_endian(take(8));
      break;
    case kBytes:
      field.bytes = take(varint());
      break;
    case kFourBytes:
      field.value = little_endian(take(4));
      break;
    default:
      refuse();
  }
  field.whole = begin.substr(0, begin.size() - rest_.size());
  return true;
}

void append_field(uint32_t number, std::string_view bytes, std::string& message) {
  append_varint(number << 3 | kBytes, message);
  append_varint(bytes.size(), message);
  message += bytes;
}

}  // namespace showo
