// The fields of a protobuf message in its wire format, as far as sentencepiece models use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace showo {

class ProtobufFields {
 public:
  /// Errors say that `where` is damaged.
  ProtobufFields(std::string_view message, std::string where)
      : rest_(message), where_(std::move(where)) {}

  struct Field {
    uint32_t number;
    uint64_t value;          // of numbers; a float's bits
    std::string_view bytes;  // of texts and messages
    std::string_view whole;  // the field as it stands in the message
  };
  /// Reads the next field; false at the end. Throws Error when there is none.
  bool next(Field& field);

 private:
  uint64_t varint();
  std::string_view take(uint64_t length);
  [[noreturn]] void refuse() const;
  std::string_view rest_;
  std::string where_;
};

/// Appends a field that holds a text or a message.
void append_field(uint32_t number, std::string_view bytes, std::string& message);

}  // namespace showo
