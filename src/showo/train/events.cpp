#include "showo/train/events.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "showo/core/error.h"
#include "showo/core/log.h"

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

namespace {

const std::string kEventFile = "events.out.tfevents.";

// The step of an event as scalar() writes it, after its time; 0 of one without.
int64_t step_of_event(std::string_view event) {
  constexpr size_t kTime = 1 + sizeof(double);
  if (event.size() <= kTime || event[kTime] != number(2, 0)[0]) return 0;
  uint64_t step = 0;
  for (size_t i = kTime + 1, shift = 0; i < event.size() && shift < 64; ++i, shift += 7) {
    step |= static_cast<uint64_t>(event[i] & 0x7f) << shift;
    if (!(event[i] & 0x80)) break;
  }
  return static_cast<int64_t>(step);
}

// How many of the bytes are whole records of steps up to `last_step`.
size_t bytes_up_to(std::string_view bytes, int64_t last_step) {
  constexpr size_t kBefore = 12, kAfter = 4;  // length and its checksum; the event's checksum
  size_t at = 0;
  while (bytes.size() - at >= kBefore + kAfter) {
    uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof(size));
    if (size > bytes.size() - at - kBefore - kAfter) break;
    if (step_of_event(bytes.substr(at + kBefore, size)) > last_step) break;
    at += kBefore + size + kAfter;
  }
  return at;
}

}  // namespace

void cut_events(const fs::path& folder, int64_t last_step) {
  for (const auto& item : fs::directory_iterator(folder)) {
    if (!item.is_regular_file() || !item.path().filename().string().starts_with(kEventFile))
      continue;
    const std::string bytes = read_file(item.path());
    const size_t kept = bytes_up_to(bytes, last_step);
    if (kept < bytes.size()) cut_file(item.path(), kept);
  }
}

EventFile::EventFile(const fs::path& folder) : file_(nullptr, std::fclose) {
  char host[256] = "localhost";
  ::gethostname(host, sizeof(host) - 1);
  // Two files of one second differ in the process.
  path_ = folder /
          fmt::format("{}{:010}.{}.{}", kEventFile, static_cast<int64_t>(now()), host, ::getpid());
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
