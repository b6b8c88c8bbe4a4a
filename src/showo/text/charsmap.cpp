#include "showo/text/charsmap.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "showo/core/error.h"

namespace showo {
namespace {

// A unit's bits: 31 says that it is a value, which the rest holds; else 10 to 30 are an offset, in
// 256s where bit 9 is set, 8 says that a value belongs to it, and the lowest eight are its label.
struct Unit {
  uint32_t bits;
  bool has_value() const { return bits >> 8 & 1; }
  uint32_t value() const { return bits & 0x7fffffff; }
  bool is_child(uint32_t label) const { return (bits & 0x800000ff) == label; }
  uint32_t offset() const { return bits >> 10 << (bits >> 6 & 8); }
};

class Walk {
 public:
  Walk(std::vector<Unit> units, size_t texts, std::string where)
      : units_(std::move(units)), texts_(texts), where_(std::move(where)), depths_(units_.size()) {}

  // The most values on a way from this unit downward.
  int values_below(size_t at, int depth) {
    constexpr int kDeepest = 256;  // bytes of one replaced text
    if (depth > kDeepest) refuse();
    int& known = depths_[at];
    if (known) return known - 1;
    const Unit unit = units_[at];
    const size_t children = at ^ unit.offset();
    if ((children | 0xff) >= units_.size()) refuse();
    if (unit.has_value() && units_[children].value() >= texts_) refuse();
    int most = 0;
    for (uint32_t label = 0; label < 256; ++label) {
      const size_t child = children ^ label;
      if (units_[child].is_child(label)) most = std::max(most, values_below(child, depth + 1));
    }
    most += unit.has_value();
    known = most + 1;
    return most;
  }

  [[noreturn]] void refuse() const {
    fail("{}: normalizer_spec: precompiled_charsmap is damaged", where_);
  }

 private:
  std::vector<Unit> units_;
  size_t texts_;
  std::string where_;
  std::vector<int> depths_;  // plus one; 0 is not known yet
};

}  // namespace

void check_charsmap(std::string_view table, const std::string& where) {
  constexpr int kMostValues = 32;  // that the library has room for at one place of a text
  uint32_t size = 0;
  if (table.size() >= sizeof size) std::memcpy(&size, table.data(), sizeof size);
  const bool fits = size > 0 && size % sizeof(Unit) == 0 && size < table.size() - sizeof size;
  std::vector<Unit> units(fits ? size / sizeof(Unit) : 0);
  if (fits) std::memcpy(units.data(), table.data() + sizeof size, size);
  Walk walk(std::move(units), fits ? table.size() - sizeof size - size : 0, where);
  if (!fits || table.back() != '\0' || walk.values_below(0, 0) > kMostValues) walk.refuse();
}

}  // namespace showo
