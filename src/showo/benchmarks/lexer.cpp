#include "showo/benchmarks/lexer.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace showo {

struct Pattern::Node {
  enum class Kind { kUnits, kThen, kOr, kRepeat } kind;
  Units units;
  std::vector<Pattern> parts;
  int least = 0, most = 0;
};

namespace {

using Node = Pattern::Node;
using Kind = Node::Kind;

constexpr int kNoLimit = -1;

Pattern combined(Kind kind, std::vector<Pattern> parts, int least = 0, int most = 0) {
  return Pattern(std::make_shared<Node>(Node{kind, {}, std::move(parts), least, most}));
}

Units folded(char letter) {
  Units units;
  units.set(static_cast<unsigned char>(letter));
  const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
  if (!is_letter) return units;
  units.set(letter | 0x20).set(letter & ~0x20);
  switch (letter | 0x20) {
    case 'i':
      return units.set(u'\u0130').set(u'\u0131');
    case 'k':
      return units.set(u'\u212a');
    case 's':
      return units.set(u'\u017f');
  }
  return units;
}

}  // namespace

// Thompson's construction, and the deterministic automaton made of it, state by state as texts
// reach them.
class Automaton {
 public:
  static constexpr int kDead = 0;

  explicit Automaton(const std::vector<Pattern>& patterns) {
    const int start = add({});
    for (size_t rule = 0; rule < patterns.size(); ++rule) {
      const int accept = add({});
      states_[accept].rule = static_cast<int>(rule);
      const int begin = build(patterns[rule].node(), accept);
      states_[start].free.push_back(begin);
    }
    sort_units();
    state_of({});
    start_ = state_of({start});
  }

  int start() const { return start_; }
  int next(int state, char16_t unit) {
    int& known = next_[state][class_[unit]];
    if (known != kUnknown) return known;
    std::vector<int> reached;
    for (const int from : members_[state])
      if (states_[from].units >= 0 && in_sets_[class_[unit]][states_[from].units])
        reached.push_back(states_[from].then);
    const int found = state_of(std::move(reached));
    return next_[state][class_[unit]] = found;
  }
  // The first of the rules that end here, or −1.
  int rule(int state) const { return rule_[state]; }

  bool matches(std::u16string_view text) {
    int state = start_;
    for (const char16_t unit : text) state = next(state, unit);
    return rule(state) >= 0;
  }

 private:
  static constexpr int kUnknown = -1;
  struct State {
    int units = -1, then = -1;  // the set that leads on, and where
    int rule = -1;              // whose end this is
    std::vector<int> free;      // states reached without a unit
  };

  int add(State state) {
    states_.push_back(std::move(state));
    return static_cast<int>(states_.size()) - 1;
  }

  // The state from which the pattern leads to `end`.
  int build(const Node& node, int end) {
    switch (node.kind) {
      case Kind::kUnits:
        return add({set_index(node.units), end, -1, {}});
      case Kind::kThen:
        for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part)
          end = build(part->node(), end);
        return end;
      case Kind::kOr: {
        State fork;
        for (const Pattern& part : node.parts) fork.free.push_back(build(part.node(), end));
        return add(std::move(fork));
      }
      case Kind::kRepeat:
        return build_repeat(node, end);
    }
    return end;
  }

  int build_repeat(const Node& node, int end) {
    const Node& part = node.parts[0].node();
    int begin = end;
    if (node.most == kNoLimit) {
      begin = add({-1, -1, -1, {end}});
      const int again = build(part, begin);
      states_[begin].free.push_back(again);
    }
    for (int i = node.least; i < node.most; ++i) {
      const int once = build(part, begin);
      begin = add({-1, -1, -1, {once, end}});
    }
    for (int i = 0; i < node.least; ++i) begin = build(part, begin);
    return begin;
  }

  int set_index(const Units& units) {
    const auto found = std::find(sets_.begin(), sets_.end(), units);
    if (found != sets_.end()) return static_cast<int>(found - sets_.begin());
    sets_.push_back(units);
    return static_cast<int>(sets_.size()) - 1;
  }

  // Units that no set tells apart are one class; neighbours are unless a set begins or ends there.
  void sort_units() {
    Units borders;
    for (const Units& units : sets_) borders |= units ^ (units << 1);
    std::map<std::vector<bool>, uint16_t> classes;
    uint16_t current = 0;
    for (size_t unit = 0; unit < class_.size(); ++unit) {
      if (unit == 0 || borders[unit]) {
        std::vector<bool> holding;
        for (const Units& units : sets_) holding.push_back(units[unit]);
        const auto [found, is_new] = classes.try_emplace(holding, in_sets_.size());
        if (is_new) in_sets_.push_back(std::move(holding));
        current = found->second;
      }
      class_[unit] = current;
    }
  }

  // The deterministic state that stands for these and for all that they reach without a unit.
  int state_of(std::vector<int> members) {
    std::vector<bool> seen(states_.size());
    for (const int member : members) seen[member] = true;
    for (size_t i = 0; i < members.size(); ++i)
      for (const int reached : states_[members[i]].free)
        if (!seen[reached]) seen[reached] = true, members.push_back(reached);
    std::erase_if(
        members, [&](int member) { return states_[member].units < 0 && states_[member].rule < 0; });
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    const auto [found, is_new] = index_.try_emplace(members, static_cast<int>(next_.size()));
    if (is_new) {
      int first = -1;
      for (const int member : members)
        if (const int rule = states_[member].rule; rule >= 0 && (first < 0 || rule < first))
          first = rule;
      rule_.push_back(first);
      next_.emplace_back(in_sets_.size(), members.empty() ? kDead : kUnknown);
      members_.push_back(std::move(members));
    }
    return found->second;
  }

  std::vector<State> states_;
  std::vector<Units> sets_;
  std::vector<uint16_t> class_ = std::vector<uint16_t>(0x10000);
  std::vector<std::vector<bool>> in_sets_;  // of each class: which sets hold it
  int start_ = 0;
  // Of each deterministic state.
  std::vector<std::vector<int>> members_, next_;
  std::vector<int> rule_;
  std::map<std::vector<int>, int> index_;
};

Units one_of(std::u16string_view units) {
  Units set;
  for (const char16_t unit : units) set.set(unit);
  return set;
}

Units none_of(std::u16string_view units) { return ~one_of(units); }

Units interval(char16_t first, char16_t last) {
  Units set;
  for (uint32_t unit = first; unit <= last; ++unit) set.set(unit);
  return set;
}

Pattern::Pattern(const Units& units)
    : node_(std::make_shared<Node>(Node{Kind::kUnits, units, {}, 0, 0})) {}

Pattern::Pattern(const char* text) {
  std::vector<Pattern> letters;
  for (; *text; ++text) letters.emplace_back(folded(*text));
  node_ = combined(Kind::kThen, std::move(letters)).node_;
}

Pattern operator>>(const Pattern& first, const Pattern& then) {
  return combined(Kind::kThen, {first, then});
}

Pattern operator|(const Pattern& either, const Pattern& other) {
  return combined(Kind::kOr, {either, other});
}

Pattern times(const Pattern& pattern, int least, int most) {
  return combined(Kind::kRepeat, {pattern}, least, most);
}

Pattern maybe(const Pattern& pattern) { return times(pattern, 0, 1); }
Pattern many(const Pattern& pattern) { return times(pattern, 0, kNoLimit); }
Pattern some(const Pattern& pattern) { return times(pattern, 1, kNoLimit); }

Pattern words(std::string_view texts) {
  std::vector<Pattern> parts;
  while (!texts.empty()) {
    const size_t end = std::min(texts.find(' '), texts.size());
    parts.emplace_back(std::string(texts.substr(0, end)).c_str());
    texts.remove_prefix(std::min(end + 1, texts.size()));
  }
  return combined(Kind::kOr, std::move(parts));
}

struct Lexer::Automata {
  struct Context {
    Automaton token, before;
  };
  Automaton all;
  std::map<size_t, Context> contexts;  // of the rules that have one
};

namespace {

std::vector<Pattern> whole_matches(const std::vector<Lexer::Rule>& rules) {
  std::vector<Pattern> patterns;
  for (const auto& rule : rules)
    patterns.push_back(rule.before ? rule.token >> *rule.before : rule.token);
  return patterns;
}

// The longest beginning of `match` that is a token while the rest is what must stand after it.
size_t token_length(Automaton& token, Automaton& before, std::u16string_view match) {
  std::vector<size_t> ends;
  int state = token.start();
  for (size_t at = 0; at < match.size() && state != Automaton::kDead; ++at) {
    if (token.rule(state) >= 0) ends.push_back(at);
    state = token.next(state, match[at]);
  }
  while (ends.size() > 1 && !before.matches(match.substr(ends.back()))) ends.pop_back();
  return ends.back();
}

}  // namespace

Lexer::Lexer(const std::vector<Rule>& rules)
    : automata_(new Automata{Automaton(whole_matches(rules)), {}}) {
  for (size_t i = 0; i < rules.size(); ++i)
    if (rules[i].before)
      automata_->contexts.emplace(
          i, Automata::Context{Automaton({rules[i].token}), Automaton({*rules[i].before})});
}

Lexer::~Lexer() = default;

std::optional<Lexer::Match> Lexer::longest(std::u16string_view text) {
  Automaton& all = automata_->all;
  std::optional<Match> found;
  int state = all.start();
  for (size_t at = 0; at < text.size() && state != Automaton::kDead; ++at) {
    state = all.next(state, text[at]);
    if (all.rule(state) >= 0) found = {static_cast<size_t>(all.rule(state)), at + 1};
  }
  if (!found) return found;
  const auto context = automata_->contexts.find(found->rule);
  if (context != automata_->contexts.end())
    found->length =
        token_length(context->second.token, context->second.before, text.substr(0, found->length));
  return found;
}

}  // namespace showo
