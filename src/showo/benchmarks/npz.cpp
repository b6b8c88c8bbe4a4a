#include "showo/benchmarks/npz.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string_view>

#include "showo/core/error.h"
#include "showo/core/number.h"

namespace showo {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 31;
static_assert(std::endian::native == std::endian::little, "members are copied as they are");

// What stands behind 'key': in the header, a Python dictionary.
std::string_view value_of(std::string_view header, const std::string& key) {
  const size_t at = header.find("'" + key + "':");
  if (at == header.npos) return {};
  header.remove_prefix(at + key.size() + 3);
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  const size_t end = header.starts_with('(')    ? header.find(')')
                     : header.starts_with('\'') ? header.find('\'', 1)
                                                : header.find_first_of(",}");
  return header.substr(0, end == header.npos || header[end] == ',' ? end : end + 1);
}

std::vector<int64_t> read_shape(std::string_view tuple, const std::string& where) {
  std::vector<int64_t> shape;
  const auto bad = [&] { fail("{}: '{}' is no shape", where, tuple); };
  if (tuple.size() < 2 || tuple[0] != '(' || tuple.back() != ')') bad();
  for (std::string_view rest = tuple.substr(1, tuple.size() - 2); !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    std::string_view number = rest.substr(0, end);
    number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
    int64_t size = 0;
    if (!number.empty() && (read_number(number, size) != std::errc() || size < 0)) bad();
    if (!number.empty()) shape.push_back(size);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return shape;
}

// The values, transposed where columns come first.
template <class T>
std::vector<double> read_values(std::string_view bytes, const std::vector<int64_t>& shape,
                                bool columns_first) {
  std::vector<double> values(bytes.size() / sizeof(T));
  const bool transpose = columns_first && shape.size() == 2;
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[transpose ? i % shape[0] * shape[1] + i / shape[0] : i] = value;
  }
  return values;
}

NpyArray parse_npy(std::string_view bytes, const std::string& where) {
  const auto damaged = [&] { fail("{}: no .npy array, or a damaged one", where); };
  if (bytes.size() < 12 || !bytes.starts_with("\x93NUMPY")) damaged();
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(bytes[at])); };
  // Version 1 has two bytes for the header's length, the others four.
  const size_t begin = bytes[6] == 1 ? 10 : 12;
  const size_t length =
      byte(8) | byte(9) << 8 | (bytes[6] == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > bytes.size() - begin) damaged();
  const std::string_view header = bytes.substr(begin, length);
  const std::string_view data = bytes.substr(begin + length), type = value_of(header, "descr");
  if (type != "'<f4'" && type != "'<f8'")
    fail("{}: expected float32 or float64, found {}", where, type);
  NpyArray array{read_shape(value_of(header, "shape"), where), {}};
  const size_t size = type == "'<f4'" ? 4 : 8;
  size_t count = 1;
  for (const int64_t dimension : array.shape) {
    if (dimension != 0 && count > kMaxBytes / static_cast<size_t>(dimension)) damaged();
    count *= static_cast<size_t>(dimension);
  }
  if (data.size() != count * size)
    fail("{}: expected {} bytes of values, found {}", where, count * size, data.size());
  const bool columns_first = value_of(header, "fortran_order") == "True";
  array.values = size == 4 ? read_values<float>(data, array.shape, columns_first)
                           : read_values<double>(data, array.shape, columns_first);
  return array;
}

// Version 1: the dictionary, filled up so that the values begin at a multiple of 64 bytes.
std::string npy_header(const std::vector<int64_t>& shape) {
  std::string header = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}{}), }}",
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr size_t kBefore = 10;
  header.append(63 - (kBefore + header.size()) % 64, ' ') += '\n';
  return "\x93NUMPY" + std::string("\x01\x00", 2) + static_cast<char>(header.size() & 0xff) +
         static_cast<char>(header.size() >> 8) + header;
}

std::string read_member(archive* in, const std::string& where) {
  std::string bytes;
  char piece[1 << 16];
  for (;;) {
    const la_ssize_t got = archive_read_data(in, piece, sizeof piece);
    if (got < 0) fail("{}: {}", where, archive_error_string(in));
    if (got == 0) return bytes;
    bytes.append(piece, static_cast<size_t>(got));
    if (bytes.size() > kMaxBytes) fail("{}: more than {} bytes", where, kMaxBytes);
  }
}

}  // namespace

std::map<std::string, NpyArray> read_npz(const fs::path& path,
                                         const std::vector<std::string>& names,
                                         const std::vector<std::string>& perhaps) {
  const auto file = MappedFile::open(path);
  const std::unique_ptr<archive, decltype(&archive_read_free)> in(archive_read_new(),
                                                                  archive_read_free);
  archive_read_support_format_zip_seekable(in.get());
  const auto check = [&](int status) {
    if (status < ARCHIVE_WARN)
      fail("{}: no .npz file: {}", path.string(), archive_error_string(in.get()));
  };
  check(archive_read_open_memory(in.get(), file->bytes().data(), file->bytes().size()));
  std::map<std::string, NpyArray> arrays;
  for (archive_entry* entry = nullptr;;) {
    const int status = archive_read_next_header(in.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    check(status);
    const char* const member = archive_entry_pathname(entry);
    for (const auto* wanted : {&names, &perhaps}) {
      for (const std::string& name : *wanted) {
        if (!member || member != name + ".npy") continue;
        const std::string where = fmt::format("{}: '{}'", path.string(), name);
        arrays[name] = parse_npy(read_member(in.get(), where), where);
      }
    }
  }
  for (const std::string& name : names)
    if (!arrays.contains(name)) fail("{}: array '{}' is missing", path.string(), name);
  return arrays;
}

void write_npz(const fs::path& path, const std::map<std::string, NpyArray>& arrays) {
  const std::unique_ptr<archive, decltype(&archive_write_free)> out(archive_write_new(),
                                                                    archive_write_free);
  const auto check = [&](int64_t status) {
    if (status < ARCHIVE_WARN) fail("{}: {}", path.string(), archive_error_string(out.get()));
  };
  std::string bytes;
  const auto append = [](archive*, void* to, const void* piece, size_t length) -> la_ssize_t {
    static_cast<std::string*>(to)->append(static_cast<const char*>(piece), length);
    return static_cast<la_ssize_t>(length);
  };
  check(archive_write_set_format_zip(out.get()));
  check(archive_write_zip_set_compression_store(out.get()));
  check(archive_write_open(out.get(), &bytes, nullptr, append, nullptr));
  for (const auto& [name, array] : arrays) {
    const std::string header = npy_header(array.shape);
    const size_t size = array.values.size() * sizeof(double);
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), (name + ".npy").c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(header.size() + size));
    check(archive_write_header(out.get(), entry.get()));
    check(archive_write_data(out.get(), header.data(), header.size()));
    check(archive_write_data(out.get(), array.values.data(), size));
  }
  check(archive_write_close(out.get()));
  write_file_atomically(path, bytes);
}

}  // namespace showo
