#include "showo/checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <variant>

#include "showo/core/error.h"

namespace showo {
namespace {

struct Value;
using List = std::vector<Value>;
using Entries = std::vector<std::pair<Value, Value>>;
struct Mark {};
struct None {};
struct Global {
  std::string name;  // one of the few that are known
};
// Text is the pickle's own and containers are the machine's, so that a value recalled a million
// times takes no room and neither nesting nor cycles matter when all is freed.
struct Tuple {
  const List* items;
};
struct Items {
  List* items;
};  // a list
struct Dict {
  Entries* entries;
};  // also collections.OrderedDict

struct Value : std::variant<Mark, None, bool, int64_t, double, std::string_view, Global, Tuple,
                            Items, Dict, StorageName, at::Tensor> {
  using variant::variant;
};

const std::map<std::string, at::ScalarType> kStorages = {
    {"torch.DoubleStorage", at::kDouble}, {"torch.FloatStorage", at::kFloat},
    {"torch.HalfStorage", at::kHalf},     {"torch.BFloat16Storage", at::kBFloat16},
    {"torch.LongStorage", at::kLong},     {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort},   {"torch.CharStorage", at::kChar},
    {"torch.ByteStorage", at::kByte},     {"torch.BoolStorage", at::kBool}};

// A value recalled takes two bytes of the pickle, so what is done for each must be little.
constexpr size_t kMaxDimensions = 64, kMaxKey = 255;
// Some 80,000 tensors. One byte can make a value and another keep it, which takes 150 bytes.
constexpr size_t kMaxPickle = 16 << 20;

constexpr const char* kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr const char* kOrderedDict = "collections.OrderedDict";

class Machine {
 public:
  Machine(std::string_view pickle, const std::string& source, const TensorMaker& make)
      : in_(pickle), source_(source), make_(make) {}

  /// Valid as long as the machine.
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

  std::string_view line() {
    const size_t end = in_.find('\n', at_);
    if (end == std::string_view::npos) refuse("the pickle ends too early");
    const auto text = take(end - at_);
    take(1);
    return text;
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

  Value tuple(List items) { return Tuple{&lists_.emplace_back(std::move(items))}; }
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

  Value global(std::string_view module, std::string_view member) {
    const std::string name = fmt::format("{}.{}", module, member);
    if (name != kRebuildTensor && name != kRebuildParameter && name != kOrderedDict &&
        !kStorages.contains(name)) {
      refuse(fmt::format(
          "the pickle asks to execute '{}'; only tensors and plain containers are read", name));
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

  // Of a longer tuple only as many as no tensor can have.
  std::vector<int64_t> numbers(const Tuple& tuple) {
    std::vector<int64_t> result;
    for (size_t i = 0; i < std::min(tuple.items->size(), kMaxDimensions + 1); ++i)
      result.push_back(argument<int64_t>(*tuple.items, i));
    return result;
  }

  // ('storage', class, file, device, number of elements)
  Value persistent() {
    const List& parts = *pop_as<Tuple>("a storage").items;
    if (argument<std::string_view>(parts, 0) != "storage")
      refuse("the pickle names something that is no storage");
    const auto type = kStorages.find(argument<Global>(parts, 1).name);
    if (type == kStorages.end()) refuse("the pickle names a storage without a type");
    const auto key = argument<std::string_view>(parts, 2);
    if (key.size() > kMaxKey) refuse("a storage's name is longer than 255 bytes");
    return StorageName{type->second, key, argument<int64_t>(parts, 4)};
  }

  Value reduce() {
    const List& arguments = *pop_as<Tuple>("arguments").items;
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

  Value empty_dict() { return Dict{&dictionaries_.emplace_back()}; }

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
    for (size_t i = 0; i < items.size(); i += 2)
      dict.entries->emplace_back(std::move(items[i]), std::move(items[i + 1]));
  }

  void append(List items) {
    auto& list = top_as<Items>("a list");
    for (auto& item : items) list.items->push_back(std::move(item));
  }

  void step(uint8_t code) {
    switch (code) {
      case 0x80:
        if (number(1) > 4) refuse("a pickle protocol above 4");
        break;
      case 0x95:
        take(8);  // the length of what follows
        break;
      case '}':
        stack_.push_back(empty_dict());
        break;
      case ']':
        stack_.push_back(Items{&lists_.emplace_back()});
        break;
      case ')':
        stack_.push_back(tuple({}));
        break;
      case '(':
        stack_.push_back(Mark{});
        break;
      case 'N':
        stack_.push_back(None{});
        break;
      case 0x88:
        stack_.push_back(true);
        break;
      case 0x89:
        stack_.push_back(false);
        break;
      case 'J':
        stack_.push_back(int64_t{static_cast<int32_t>(number(4))});
        break;
      case 'K':
        stack_.push_back(static_cast<int64_t>(number(1)));
        break;
      case 'M':
        stack_.push_back(static_cast<int64_t>(number(2)));
        break;
      case 0x8a:
        stack_.push_back(long_integer(number(1)));
        break;
      case 'G':
        stack_.push_back(big_endian_double());
        break;
      case 'X':
        stack_.push_back(take(number(4)));
        break;
      case 0x8c:
        stack_.push_back(take(number(1)));
        break;
      case 'q':
        remember(number(1));
        break;
      case 'r':
        remember(number(4));
        break;
      case 0x94:
        remember(memo_.size());
        break;
      case 'h':
        recall(number(1));
        break;
      case 'j':
        recall(number(4));
        break;
      case 'c': {
        const auto module = line();
        stack_.push_back(global(module, line()));
        break;
      }
      case 0x93: {
        const auto member = pop_as<std::string_view>("a name");
        stack_.push_back(global(pop_as<std::string_view>("a module"), member));
        break;
      }
      case 't': {
        List items = pop_to_mark();
        stack_.push_back(tuple(std::move(items)));
        break;
      }
      case 0x85:
        stack_.push_back(tuple_of(1));
        break;
      case 0x86:
        stack_.push_back(tuple_of(2));
        break;
      case 0x87:
        stack_.push_back(tuple_of(3));
        break;
      case 'Q':
        stack_.push_back(persistent());
        break;
      case 'R':
        stack_.push_back(reduce());
        break;
      case 'b':
        pop();
        break;  // attributes of an OrderedDict (its version metadata): of no interest
      case 's': {
        Value value = pop(), key = pop();
        set_items({key, value});
        break;
      }
      case 'u':
        set_items(pop_to_mark());
        break;
      case 'a':
        append({pop()});
        break;
      case 'e':
        append(pop_to_mark());
        break;
      default:
        refuse(fmt::format("pickle operation 0x{:02x} is not one that torch.save writes", code));
    }
  }

  std::string_view in_;
  size_t at_ = 0;
  const std::string& source_;
  const TensorMaker& make_;
  std::deque<List> lists_;
  std::deque<Entries> dictionaries_;
  List stack_;
  std::map<uint64_t, Value> memo_;
};

// Where training's checkpoints keep the weights, beside an optimizer and counters.
const Value* inner_state(const Entries& entries) {
  for (const std::string_view wanted : {"state_dict", "model_state_dict", "model", "module"}) {
    for (const auto& [key, item] : entries) {
      if (std::get<std::string_view>(key) == wanted && std::holds_alternative<Dict>(item))
        return &item;
    }
  }
  return nullptr;
}

TensorMap tensors_of(const Value& value, const std::string& source, int depth) {
  constexpr int kDeepest = 3;
  const auto* dict = std::get_if<Dict>(&value);
  if (!dict) fail("{}: expected a dictionary of tensors", source);
  for (const auto& [key, item] : *dict->entries) {
    if (!std::holds_alternative<std::string_view>(key)) fail("{}: a key is not text", source);
  }
  if (const Value* inner = inner_state(*dict->entries); inner && depth < kDeepest)
    return tensors_of(*inner, source, depth + 1);
  TensorMap result;
  for (const auto& [key, item] : *dict->entries) {
    const auto name = std::get<std::string_view>(key);
    const auto* tensor = std::get_if<at::Tensor>(&item);
    if (!tensor) fail("{}: '{}' is not a tensor", source, name);
    if (!result.emplace(name, *tensor).second) fail("{}: tensor '{}' stands twice", source, name);
  }
  return result;
}

}  // namespace

TensorMap read_pickled_tensors(std::string_view pickle, const std::string& source,
                               const TensorMaker& make) {
  if (pickle.size() > kMaxPickle) {
    fail("{}: its description of tensors has {} bytes, more than the limit of {}", source,
         pickle.size(), kMaxPickle);
  }
  return tensors_of(Machine(pickle, source, make).run(), source, 0);
}

}  // namespace showo
