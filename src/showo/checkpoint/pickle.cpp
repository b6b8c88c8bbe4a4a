#include "showo/checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <variant>

#include "showo/core/error.h"

namespace showo {
namespace {

struct Value;
using List = std::vector<Value>;
struct Mark {};
struct None {};
struct Global { std::string name; };
struct Tuple { std::shared_ptr<List> items; int depth = 1; };
struct Items { std::shared_ptr<List> items; };                                  // a list
struct Dict { std::shared_ptr<std::vector<std::pair<Value, Value>>> entries; };  // also collections.OrderedDict

struct Value : std::variant<Mark, None, bool, int64_t, double, std::string, Global, Tuple, Items, Dict, StorageName, at::Tensor> {
  using variant::variant;
};

const std::map<std::string, at::ScalarType> kStorages = {
    {"torch.DoubleStorage", at::kDouble}, {"torch.FloatStorage", at::kFloat}, {"torch.HalfStorage", at::kHalf},
    {"torch.BFloat16Storage", at::kBFloat16}, {"torch.LongStorage", at::kLong}, {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar}, {"torch.ByteStorage", at::kByte},
    {"torch.BoolStorage", at::kBool}};

constexpr const char* kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr const char* kOrderedDict = "collections.OrderedDict";

class Machine {
 public:
  Machine(std::string_view pickle, const std::string& source, const TensorMaker& make)
      : in_(pickle), source_(source), make_(make) {}

  Value run() {
    for (;;) {
      const auto code = static_cast<uint8_t>(take(1)[0]);
      if (code == '.') return pop();
      step(code);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail("{}: {}", source_, what); }

  std::string_view take(size_t count) {
    if (count > in_.size() - at_) refuse("the pickle ends too early");
    at_ += count;
    return in_.substr(at_ - count, count);
  }

  uint64_t number(int bytes) {
    const auto raw = take(bytes);
    uint64_t value = 0;
    std::memcpy(&value, raw.data(), bytes);
    return value;
  }

  std::string line() {
    const size_t end = in_.find('\n', at_);
    if (end == std::string_view::npos) refuse("the pickle ends too early");
    const auto text = take(end - at_);
    take(1);
    return std::string(text);
  }

  Value pop() {
    if (stack_.empty()) refuse("the pickle takes from an empty stack");
    Value top = std::move(stack_.back());
    stack_.pop_back();
    return top;
  }

  template <class T>
  T pop_as(const char* expected) {
    Value top = pop();
    if (auto* value = std::get_if<T>(&top)) return std::move(*value);
    refuse(fmt::format("the pickle is malformed: expected {}", expected));
  }

  List pop_to_mark() {
    List items;
    for (;;) {
      Value top = pop();
      if (std::holds_alternative<Mark>(top)) break;
      items.push_back(std::move(top));
    }
    return {std::make_move_iterator(items.rbegin()), std::make_move_iterator(items.rend())};
  }

  // Nested containers are freed recursively, so their depth is limited: tuples as they are made, dictionaries and lists
  // (which can be filled later) by their number.
  Value tuple(List items) {
    int depth = 1;
    for (const auto& item : items) {
      if (const auto* inner = std::get_if<Tuple>(&item)) depth = std::max(depth, inner->depth + 1);
    }
    if (depth > 8) refuse("the pickle nests tuples too deeply");
    return Tuple{std::make_shared<List>(std::move(items)), depth};
  }
  void count_container() {
    if (++containers_ > 8000) refuse("the pickle holds more than 8000 containers: not a state dict");
  }
  Value tuple_of(int count) {
    List items(count);
    for (int i = count; i-- > 0;) items[i] = pop();
    return tuple(std::move(items));
  }

  void remember(uint64_t slot) {
    if (stack_.empty()) refuse("the pickle is malformed: nothing to remember");
    memo_[slot] = stack_.back();
  }
  void recall(uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) refuse("the pickle is malformed: it recalls what it never kept");
    stack_.push_back(found->second);
  }

  int64_t long_integer(uint64_t bytes) {
    if (bytes > 8) refuse("the pickle holds a number above 64 bits");
    if (bytes == 0) return 0;
    const uint64_t raw = number(static_cast<int>(bytes));
    const int unused = 64 - 8 * static_cast<int>(bytes);
    return static_cast<int64_t>(raw << unused) >> unused;
  }

  double big_endian_double() {
    const auto raw = take(8);
    uint64_t bits = 0;
    for (char c : raw) bits = bits << 8 | static_cast<uint8_t>(c);
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }

  Value global() {
    const std::string module = line(), name = module + "." + line();
    if (name != kRebuildTensor && name != kRebuildParameter && name != kOrderedDict && !kStorages.contains(name)) {
      refuse(fmt::format("the pickle asks to execute '{}'; only tensors and plain containers are read", name));
    }
    return Global{name};
  }

  template <class T>
  const T& argument(const List& arguments, size_t index) {
    if (index < arguments.size()) {
      if (auto* value = std::get_if<T>(&arguments[index])) return *value;
    }
    refuse("the pickle is malformed: a tensor's description has the wrong parts");
  }

  std::vector<int64_t> numbers(const Tuple& tuple) {
    std::vector<int64_t> result;
    for (size_t i = 0; i < tuple.items->size(); ++i) result.push_back(argument<int64_t>(*tuple.items, i));
    return result;
  }

  // ('storage', class, file, device, number of elements)
  Value persistent() {
    const List parts = *pop_as<Tuple>("a storage").items;
    if (argument<std::string>(parts, 0) != "storage") refuse("the pickle names something that is no storage");
    const auto type = kStorages.find(argument<Global>(parts, 1).name);
    if (type == kStorages.end()) refuse("the pickle names a storage without a type");
    return StorageName{type->second, argument<std::string>(parts, 2), argument<int64_t>(parts, 4)};
  }

  Value reduce() {
    const List arguments = *pop_as<Tuple>("arguments").items;
    const std::string name = pop_as<Global>("a function").name;
    if (name == kOrderedDict) {
      if (!arguments.empty()) refuse("the pickle fills an OrderedDict in an unknown way");
      return empty_dict();
    }
    if (name == kRebuildParameter) return argument<at::Tensor>(arguments, 0);
    if (name != kRebuildTensor) refuse(fmt::format("the pickle asks to execute '{}'", name));
    return make_(argument<StorageName>(arguments, 0), argument<int64_t>(arguments, 1),
                 numbers(argument<Tuple>(arguments, 2)), numbers(argument<Tuple>(arguments, 3)));
  }

  Value empty_dict() {
    count_container();
    return Dict{std::make_shared<std::vector<std::pair<Value, Value>>>()};
  }

  template <class T>
  T& top_as(const char* expected) {
    if (!stack_.empty()) {
      if (auto* value = std::get_if<T>(&stack_.back())) return *value;
    }
    refuse(fmt::format("the pickle is malformed: expected {}", expected));
  }

  void set_items(List items) {
    if (items.size() % 2 != 0) refuse("the pickle is malformed: a key without a value");
    auto& dict = top_as<Dict>("a dictionary");
    for (size_t i = 0; i < items.size(); i += 2) dict.entries->emplace_back(std::move(items[i]), std::move(items[i + 1]));
  }

  void append(List items) {
    auto& list = top_as<Items>("a list");
    for (auto& item : items) list.items->push_back(std::move(item));
  }

  void step(uint8_t code) {
    switch (code) {
      case 0x80: if (take(1)[0] > 4) refuse("a pickle protocol above 4"); break;
      case '}': stack_.push_back(empty_dict()); break;
      case ']': count_container(); stack_.push_back(Items{std::make_shared<List>()}); break;
      case ')': stack_.push_back(tuple({})); break;
      case '(': stack_.push_back(Mark{}); break;
      case 'N': stack_.push_back(None{}); break;
      case 0x88: stack_.push_back(true); break;
      case 0x89: stack_.push_back(false); break;
      case 'J': stack_.push_back(int64_t{static_cast<int32_t>(number(4))}); break;
      case 'K': stack_.push_back(static_cast<int64_t>(number(1))); break;
      case 'M': stack_.push_back(static_cast<int64_t>(number(2))); break;
      case 0x8a: stack_.push_back(long_integer(number(1))); break;
      case 'G': stack_.push_back(big_endian_double()); break;
      case 'X': stack_.push_back(std::string(take(number(4)))); break;
      case 'q': remember(number(1)); break;
      case 'r': remember(number(4)); break;
      case 'h': recall(number(1)); break;
      case 'j': recall(number(4)); break;
      case 'c': stack_.push_back(global()); break;
      case 't': { List items = pop_to_mark(); stack_.push_back(tuple(std::move(items))); break; }
      case 0x85: stack_.push_back(tuple_of(1)); break;
      case 0x86: stack_.push_back(tuple_of(2)); break;
      case 0x87: stack_.push_back(tuple_of(3)); break;
      case 'Q': stack_.push_back(persistent()); break;
      case 'R': stack_.push_back(reduce()); break;
      case 'b': pop(); break;  // attributes of an OrderedDict (its version metadata): of no interest
      case 's': { Value value = pop(), key = pop(); set_items({key, value}); break; }
      case 'u': set_items(pop_to_mark()); break;
      case 'a': append({pop()}); break;
      case 'e': append(pop_to_mark()); break;
      default: refuse(fmt::format("pickle operation 0x{:02x} is not one that torch.save writes", code));
    }
  }

  std::string_view in_;
  size_t at_ = 0;
  const std::string& source_;
  const TensorMaker& make_;
  List stack_;
  std::map<uint64_t, Value> memo_;
  int containers_ = 0;
};

TensorMap tensors_of(const Value& value, const std::string& source, bool nested) {
  const auto* dict = std::get_if<Dict>(&value);
  if (!dict) fail("{}: expected a dictionary of tensors", source);
  TensorMap result;
  for (const auto& [key, item] : *dict->entries) {
    const auto* name = std::get_if<std::string>(&key);
    if (!name) fail("{}: a key is not text", source);
    if (*name == "state_dict" && !nested && std::holds_alternative<Dict>(item)) return tensors_of(item, source, true);
    const auto* tensor = std::get_if<at::Tensor>(&item);
    if (!tensor) fail("{}: '{}' is not a tensor", source, *name);
    if (!result.emplace(*name, *tensor).second) fail("{}: tensor '{}' stands twice", source, *name);
  }
  return result;
}

}  // namespace

TensorMap read_pickled_tensors(std::string_view pickle, const std::string& source, const TensorMaker& make) {
  return tensors_of(Machine(pickle, source, make).run(), source, false);
}

}  // namespace showo
