#include "showo/train/events.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "showo/core/error.h"

namespace showo {
namespace {

static_assert(std::endian::native == std::endian::little, "event files are little-endian");

// CRC-32C (Castagnoli), then TFRecord's masking.
uint32_t masked_crc(const std::string& bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// Protocol buffers' wire format: a field's number and kind, then its value.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string fixed64(int field, double value) { return varint(field << 3 | 1) + raw(value); }
std::string number(int field, int64_t value) {
  return varint(field << 3) + varint(static_cast<uint64_t>(value));
}
std::string fixed32(int field, float value) { return varint(field << 3 | 5) + raw(value); }
std::string bytes(int field, const std::string& value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

EventFile::EventFile(const fs::path& folder) : file_(nullptr, std::fclose) {
  char host[256] = "localhost";
  ::gethostname(host, sizeof(host) - 1);
  // Two files of one second differ in the process.
  path_ = folder / fmt::format("events.out.tfevents.{:010}.{}.{}", static_cast<int64_t>(now()),
                               host, ::getpid());
  file_.reset(std::fopen(path_.c_str(), "ab"));
  if (!file_) fail("{}: {}", path_.string(), std::strerror(errno));
  record(fixed64(1, now()) + bytes(3, "brain.Event:2"));
}

void EventFile::scalar(const std::string& name, int64_t step, double value) {
  const std::string summary = bytes(1, bytes(1, name) + fixed32(2, static_cast<float>(value)));
  record(fixed64(1, now()) + number(2, step) + bytes(5, summary));
}

void EventFile::record(const std::string& event) {
  const std::string length = raw(uint64_t{event.size()});
  const std::string whole = length + raw(masked_crc(length)) + event + raw(masked_crc(event));
  if (std::fwrite(whole.data(), 1, whole.size(), file_.get()) != whole.size())
    fail("{}: {}", path_.string(), std::strerror(errno));
}

void EventFile::flush() {
  if (std::fflush(file_.get()) != 0) fail("{}: {}", path_.string(), std::strerror(errno));
}

}  // namespace showo
