// The archive's central directory is read here, so that tensors can alias the mapped file; see
// PKWARE's APPNOTE for its layout.
#include "showo/checkpoint/torch_bin.h"

#include <ATen/ATen.h>

#include <cstring>

#include "showo/checkpoint/mapping.h"
#include "showo/checkpoint/pickle.h"
#include "showo/core/error.h"

namespace showo {
namespace {

struct Member {
  size_t offset = 0, size = 0;
};

class Archive {
 public:
  Archive(std::string_view file, const std::string& name)
      : file_(file), name_(name), unclaimed_(file.size()) {
    read_directory();
  }

  const Member* find(const std::string& path) const {
    const auto found = members_.find(path);
    return found == members_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Member>& members() const { return members_; }

 private:
  template <class T>
  T number(uint64_t at) const {
    if (at > file_.size() || sizeof(T) > file_.size() - at)
      fail("{}: the archive is truncated", name_);
    T value;
    std::memcpy(&value, file_.data() + at, sizeof(T));
    return value;
  }

  uint64_t end_record() const {
    constexpr size_t kSmallest = 22, kLongestComment = 65535;
    for (size_t back = kSmallest; back <= std::min(file_.size(), kSmallest + kLongestComment);
         ++back) {
      if (number<uint32_t>(file_.size() - back) == 0x06054b50) return file_.size() - back;
    }
    fail("{}: not a zip archive, or truncated (files of torch before 1.6 must be saved anew)",
         name_);
  }

  void read_directory() {
    const uint64_t end = end_record();
    uint64_t count = number<uint16_t>(end + 10), at = number<uint32_t>(end + 16);
    if (end >= 20 && number<uint32_t>(end - 20) == 0x07064b50) {  // zip64's locator and end record
      const auto end64 = number<uint64_t>(end - 20 + 8);
      if (number<uint32_t>(end64) != 0x06064b50)
        fail("{}: the archive's zip64 record is missing", name_);
      count = number<uint64_t>(end64 + 32);
      at = number<uint64_t>(end64 + 48);
    }
    for (uint64_t i = 0; i < count; ++i) at = read_entry(at);
  }

  uint64_t read_entry(uint64_t at) {
    if (number<uint32_t>(at) != 0x02014b50) fail("{}: the archive's directory is damaged", name_);
    uint64_t stored = number<uint32_t>(at + 20), size = number<uint32_t>(at + 24),
             header = number<uint32_t>(at + 42);
    const auto name_length = number<uint16_t>(at + 28), extra = number<uint16_t>(at + 30);
    const uint64_t next = at + 46 + name_length + extra + number<uint16_t>(at + 32);
    if (next > file_.size()) fail("{}: the archive is truncated", name_);
    const std::string path(file_.substr(at + 46, name_length));
    if (number<uint16_t>(at + 10) != 0)
      fail("{}: '{}' is compressed; expected stored", name_, path);
    read_zip64_extra(at + 46 + name_length, extra, size, stored, header);
    if (stored != size || number<uint32_t>(header) != 0x04034b50)
      fail("{}: '{}' is damaged", name_, path);
    const uint64_t data =
        header + 30 + number<uint16_t>(header + 26) + number<uint16_t>(header + 28);
    if (data > file_.size() || size > file_.size() - data)
      fail("{}: '{}' is truncated", name_, path);
    if (!members_.emplace(path, Member{data, size}).second)
      fail("{}: '{}' stands twice", name_, path);
    // Members that share their bytes could stand for any amount of memory.
    if (size > unclaimed_) fail("{}: '{}' overlaps another member", name_, path);
    unclaimed_ -= size;
    return next;
  }

  // Fields that are full in the entry stand in the extra block, in this order.
  void read_zip64_extra(uint64_t at, uint64_t length, uint64_t& size, uint64_t& stored,
                        uint64_t& header) const {
    const uint64_t end = at + length;
    while (at + 4 <= end) {
      const auto id = number<uint16_t>(at), bytes = number<uint16_t>(at + 2);
      uint64_t field = at + 4;
      at = field + bytes;
      if (id != 1) continue;
      for (uint64_t* value : {&size, &stored, &header}) {
        if (*value == 0xffffffff && field + 8 <= at) *value = number<uint64_t>(field), field += 8;
      }
    }
  }

  std::string_view file_;
  const std::string& name_;
  uint64_t unclaimed_;  // bytes that no member read so far has
  std::map<std::string, Member> members_;
};

// The elements from the first to the last one a view touches; throws when that leaves the storage
// or overflows.
void check_view(const StorageName& storage, int64_t offset, const std::vector<int64_t>& shape,
                const std::vector<int64_t>& strides, const std::string& source) {
  int64_t last = offset, extent = 1;
  bool empty = false, bad = offset < 0 || offset > storage.elements ||
                            shape.size() != strides.size() || shape.size() > 64;
  for (size_t i = 0; !bad && i < shape.size(); ++i) {
    int64_t reach = 0;
    bad = shape[i] < 0 || strides[i] < 0 ||
          __builtin_mul_overflow(std::max<int64_t>(shape[i] - 1, 0), strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last) ||
          __builtin_mul_overflow(extent, std::max<int64_t>(shape[i], 1), &extent);
    empty |= shape[i] == 0;
  }
  if (bad || (!empty && last >= storage.elements)) {
    fail("{}: a tensor reaches outside its storage '{}' of {} elements", source, storage.key,
         storage.elements);
  }
  // Strides of 0 repeat elements, which any copy writes out.
  constexpr int64_t kMostRepeated = 1 << 24;
  if (!empty && extent > std::max(storage.elements, kMostRepeated)) {
    fail("{}: a tensor of {} elements repeats its storage '{}' of {}", source, extent, storage.key,
         storage.elements);
  }
}

}  // namespace

TensorMap read_torch_bin(const fs::path& path) {
  auto mapping = Mapping::open(path);
  const std::string source = path.string();
  const Archive archive(mapping->text(), source);
  std::string root;
  for (const auto& [name, member] : archive.members()) {
    if (name.ends_with("/data.pkl")) root = name.substr(0, name.size() - 8);
  }
  const Member* pickle = archive.find(root + "data.pkl");
  if (!pickle) fail("{}: no data.pkl inside: not written by torch.save", source);
  if (const Member* order = archive.find(root + "byteorder")) {
    const auto text = mapping->text().substr(order->offset, order->size);
    if (text != "little") fail("{}: byte order '{}', expected little", source, text.substr(0, 16));
  }
  // Mapped (or copied, where the archive does not align it) once, however many tensors view it.
  std::map<std::pair<std::string_view, at::ScalarType>, at::Tensor> storages;
  return read_pickled_tensors(
      mapping->text().substr(pickle->offset, pickle->size), source,
      [&](const StorageName& storage, int64_t offset, const std::vector<int64_t>& shape,
          const std::vector<int64_t>& strides) {
        const Member* member = archive.find(fmt::format("{}data/{}", root, storage.key));
        if (!member) fail("{}: storage '{}' is missing", source, storage.key);
        const auto element = static_cast<uint64_t>(c10::elementSize(storage.dtype));
        if (storage.elements < 0 ||
            static_cast<uint64_t>(storage.elements) > member->size / element) {
          fail("{}: storage '{}' has {} bytes, expected {} elements of {}", source, storage.key,
               member->size, storage.elements, element);
        }
        check_view(storage, offset, shape, strides, source);
        auto& whole = storages[{storage.key, storage.dtype}];
        if (!whole.defined()) {
          const auto elements = static_cast<int64_t>(member->size / element);
          whole = mapping->tensor(member->offset, {elements}, storage.dtype);
        }
        return at::empty({0}, whole.options()).set_(whole.storage(), offset, shape, strides);
      });
}

}  // namespace showo
