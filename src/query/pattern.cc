#include "query/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/json.h"
#include "base/regex.h"
#include "query/literal_set.h"
#include "query/pattern_literals.h"
#include "store/colours.h"

namespace query {
namespace {

// One pattern, as its flags have it.
struct One {
  std::string expression;  // what RE2 is asked
  bool ignore_case = false;
  // The pattern is this text and nothing else; RE2 is not asked.
  std::optional<LiteralSearch> literal;
  std::shared_ptr<const base::Regex> regex;  // none where `literal` decides
  Requirement requirement;

  bool matches(std::string_view seen) const {
    if (regex) return regex->contains(seen);
    return literal->literal().empty() || literal->find(seen, 0) != seen.npos;
  }
};

// For -S.
bool has_upper_case(std::string_view pattern, bool fixed) {
  std::string letters;
  for (size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '\\' && !fixed)
      ++i;  // \S is no letter
    else
      letters += pattern[i];
  static const auto upper = base::Regex::compile(R"(\p{Lu})");
  return std::ranges::any_of(letters,
                             [](char c) { return c >= 'A' && c <= 'Z'; }) ||
         (upper && upper->contains(letters));
}

// Text in quotes may go on to the end of a pattern, but not to that of one that
// it is made a part of.
std::string with_quotes_closed(const std::string& pattern) {
  for (size_t at = pattern.find('\\'); at != pattern.npos;
       at = pattern.find('\\', at)) {
    const bool quotes = pattern.substr(at + 1, 1) == "Q";
    at += 2;
    if (!quotes) continue;
    at = pattern.find("\\E", at);
    if (at == pattern.npos) return pattern + "\\E";
    at += 2;
  }
  return pattern;
}

// A whole line has nothing beside it.
bool asks_words(const TextQuery& query) {
  return query.word && !query.whole_line;
}

// As ripgrep has it: what stands beside a match of a word is no word character,
// or there is nothing. (\b would want one inside.)
std::string in_frame(std::string expression, const TextQuery& query) {
  if (asks_words(query))
    return fmt::format(R"((?:^|[^0-9A-Za-z_])({})(?:$|[^0-9A-Za-z_]))",
                       expression);
  if (query.whole_line) return fmt::format("^(?:{})$", expression);
  return expression;
}

std::string expression_of(const std::string& pattern, const TextQuery& query) {
  std::string expression =
      query.fixed ? quoted(pattern) : with_quotes_closed(pattern);
  return in_frame(std::move(expression), query);
}

base::Result<One> compile_one(const std::string& pattern,
                              const TextQuery& query) {
  One one;
  one.ignore_case = query.ignore_case ||
                    (query.smart_case && !has_upper_case(pattern, query.fixed));
  const base::RegexOptions options{.ignore_case = one.ignore_case};
  // By itself first: its brackets may only match those around it.
  if (!query.fixed && (query.word || query.whole_line))
    if (auto alone = base::Regex::compile(pattern, options); !alone)
      return base::fail(std::move(alone.error()));
  one.expression = expression_of(pattern, query);
  const auto text = query.fixed ? std::optional(pattern) : plain_text(pattern);
  const bool alone = !query.word && !query.whole_line && text;
  if (alone && !text->empty() && is_exact(*text, one.ignore_case)) {
    one.literal.emplace(*text, one.ignore_case);
    one.requirement.sets = {{{*text, one.ignore_case, false}}};
  } else {
    auto regex = base::Regex::compile(one.expression, options);
    if (!regex) return base::fail(std::move(regex.error()));
    one.regex = std::make_shared<const base::Regex>(std::move(*regex));
    one.requirement.sets = literals_of(one.expression, one.ignore_case);
  }
  one.requirement.through_colours = !query.bytes;
  return one;
}

// `a|b|c` of a few plain texts are several patterns, which need no RE2; of many
// it is faster. Not where one begins with another: which of them is the match
// would be another question.
std::vector<std::string> alternatives(const std::string& pattern,
                                      const TextQuery& query) {
  if (query.fixed || query.word || query.whole_line || query.smart_case ||
      pattern.find('|') == pattern.npos)
    return {pattern};
  std::vector<std::string> parts;
  for (size_t at = 0; at <= pattern.size();) {
    const size_t end = std::min(pattern.find('|', at), pattern.size());
    parts.push_back(pattern.substr(at, end - at));
    at = end + 1;
    if (parts.size() > LiteralSet::kMost) return {pattern};
  }
  const auto folded = [&](std::string text) {
    if (query.ignore_case)
      std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      });
    return text;
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto text = plain_text(parts[i]);
    if (!text || text->empty() || !is_exact(*text, query.ignore_case))
      return {pattern};
    for (size_t j = 0; j < parts.size(); ++j)
      if (i != j && folded(parts[j]).starts_with(folded(parts[i])))
        return {pattern};
  }
  return parts;
}

// Many texts are one expression: RE2 then looks at a line once, not once for
// each. Nothing where it can't be, or need not.
std::optional<One> join(std::vector<std::string> texts,
                        const TextQuery& query) {
  const bool sees_case = !query.ignore_case && !query.smart_case;
  const bool plain = !query.word && !query.whole_line &&
                     std::ranges::all_of(texts, [&](const std::string& text) {
                       return is_exact(text, !sees_case);
                     });
  if (!query.fixed || texts.size() < 2 ||
      (plain && texts.size() <= LiteralSet::kMost) ||
      !std::ranges::all_of(texts, base::is_utf8))
    return std::nullopt;
  // Of those that begin at one place the longest is the match.
  std::ranges::stable_sort(texts, std::greater(), &std::string::size);
  std::string expression;
  std::vector<Literal> literals;
  bool required = true;
  for (const auto& text : texts) {
    const bool folded =
        query.ignore_case || (query.smart_case && !has_upper_case(text, true));
    expression += fmt::format("{}(?{}:{})", expression.empty() ? "" : "|",
                              folded ? "i" : "-i", quoted(text));
    literals.push_back({text, folded, false});
    required = required && !text.empty() && is_exact(text, folded);
  }
  One one;
  one.expression = in_frame(std::move(expression), query);
  auto regex = base::Regex::compile(one.expression);
  if (!regex) return std::nullopt;
  one.regex = std::make_shared<const base::Regex>(std::move(*regex));
  if (required) one.requirement.sets = {std::move(literals)};
  one.requirement.through_colours = !query.bytes;
  return one;
}

// Tells in one look whether any of them matches; null: each is asked.
std::shared_ptr<const base::Regex> at_once(const std::vector<One>& all) {
  const bool plain = std::ranges::all_of(
      all, [](const One& one) { return one.regex == nullptr; });
  if (all.size() < 2 || (plain && all.size() <= LiteralSet::kMost))
    return nullptr;
  std::string expression;
  for (const auto& one : all) {
    if (!base::is_utf8(one.expression)) return nullptr;
    expression += fmt::format("{}(?{}:{})", expression.empty() ? "" : "|",
                              one.ignore_case ? "i" : "-i", one.expression);
  }
  auto regex = base::Regex::compile(expression);
  if (!regex) return nullptr;
  return std::make_shared<const base::Regex>(std::move(*regex));
}

base::Result<std::vector<One>> compile_all(
    const std::vector<std::string>& patterns, const TextQuery& query) {
  std::vector<One> all;
  for (const auto& pattern : patterns) {
    auto one = compile_one(pattern, query);
    if (!one) return base::fail(std::move(one.error()));
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace

struct Pattern::Compiled {
  TextQuery query;
  std::vector<One> any, all, none;
  std::shared_ptr<const base::Regex> any_at_once, none_at_once;
  Requirement requirement;
  std::vector<LiteralSearch> literals;
  std::string expression;

  void draw_conclusions();
  bool takes(std::string_view seen) const {
    return (any.empty() || one_matches(any, any_at_once, seen)) &&
           std::ranges::all_of(
               all, [&](const One& one) { return one.matches(seen); });
  }
  static bool one_matches(const std::vector<One>& of,
                          const std::shared_ptr<const base::Regex>& at_once,
                          std::string_view seen) {
    if (at_once) return at_once->contains(seen);
    return std::ranges::any_of(
        of, [&](const One& one) { return one.matches(seen); });
  }
};

void Pattern::Compiled::draw_conclusions() {
  requirement.through_colours = !query.bytes;
  for (const auto& one : all) requirement.add(one.requirement);
  if (any.size() == 1) requirement.add(any.front().requirement);
  if (any.size() > 1) {
    // Whichever matches: of each a set that it can't do without.
    Requirement one_of;
    one_of.through_colours = !query.bytes;
    one_of.sets.emplace_back();
    for (const auto& one : any) {
      const auto* best = best_set(one.requirement);
      if (best == nullptr) {
        one_of.sets.clear();
        break;
      }
      for (const auto& literal : *best) one_of.sets.front().push_back(literal);
    }
    requirement.add(one_of);
  }
  // Lines to be left out must not be looked for in vain.
  if (query.invert) requirement.sets.clear();
  if (!all.empty()) return;
  if (std::ranges::all_of(any, [](const One& o) { return !o.regex; }))
    for (const auto& one : any) literals.push_back(*one.literal);
  // One that is not UTF-8 is taken for Latin-1, and the others with it.
  if (any.size() > 1 && !std::ranges::all_of(any, [](const One& one) {
        return base::is_utf8(one.expression);
      }))
    return;
  for (const auto& one : any)
    expression += fmt::format("{}(?{}:{})", expression.empty() ? "" : "|",
                              one.ignore_case ? "i" : "-i", one.expression);
}

Pattern::Pattern(std::unique_ptr<Compiled> compiled)
    : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::string_view seen_text(std::string_view text, bool bytes,
                           std::string& scratch) {
  if (!bytes) text = store::without_colours(text, scratch);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

base::Result<Pattern> Pattern::compile(const TextQuery& query) {
  auto made = std::make_unique<Compiled>();
  made->query = query;
  // An exclusion is an exclusion, whatever the others are turned into.
  TextQuery straight = query;
  std::vector<std::string> any;
  for (const auto& pattern : query.any)
    std::ranges::move(alternatives(pattern, query), std::back_inserter(any));
  for (auto [from, to] : {std::pair(&std::as_const(any), &made->any),
                          std::pair(&query.all, &made->all),
                          std::pair(&query.none, &made->none)}) {
    if (auto joined = to == &made->all ? std::nullopt : join(*from, straight)) {
      to->push_back(std::move(*joined));
      continue;
    }
    auto compiled = compile_all(*from, straight);
    if (!compiled) return base::fail(std::move(compiled.error()));
    *to = std::move(*compiled);
  }
  made->any_at_once = at_once(made->any);
  made->none_at_once = at_once(made->none);
  made->draw_conclusions();
  return Pattern(std::move(made));
}

// RE2 keeps its states under a lock, so a clone has expressions of its own.
Pattern Pattern::clone() const {
  auto copy = compile(compiled_->query);
  return std::move(*copy);  // what compiled once does again
}

const TextQuery& Pattern::query() const {
  return compiled_->query;
}

bool Pattern::takes_all() const {
  return compiled_->any.empty() && compiled_->all.empty() &&
         !compiled_->query.invert;
}

bool Pattern::matches(std::string_view text) const {
  if (takes_all()) return true;
  std::string scratch;
  const auto seen = seen_text(text, compiled_->query.bytes, scratch);
  return compiled_->takes(seen) != compiled_->query.invert;
}

bool Pattern::excludes(std::string_view text) const {
  if (compiled_->none.empty()) return false;
  std::string scratch;
  const auto seen = seen_text(text, compiled_->query.bytes, scratch);
  return Compiled::one_matches(compiled_->none, compiled_->none_at_once, seen);
}

void Pattern::find_spans(std::string_view text, std::vector<Span>& into) const {
  into.clear();
  const TextQuery& query = compiled_->query;
  if (query.invert || compiled_->any.empty()) return;
  std::string scratch;
  const auto seen = seen_text(text, query.bytes, scratch);
  const int group = asks_words(query) ? 1 : 0;
  const auto first_of = [&](const One& one,
                            size_t from) -> std::optional<Span> {
    if (!one.regex) {
      const size_t at = one.literal->find(seen, from);
      if (at == seen.npos) return std::nullopt;
      return Span{at, at + one.literal->literal().size()};
    }
    const auto match = one.regex->find(seen, from, group);
    if (!match) return std::nullopt;
    return Span{match->begin, match->end};
  };
  // The next of each, remembered until one is past it: a pattern that is rare
  // would else be looked for to the end at each match of another.
  struct Next {
    bool known = false;
    std::optional<Span> span{};
  };
  std::vector<Next> ahead(compiled_->any.size());
  // Of a word what stands before it is a part of the match, too, which may
  // begin before `from` when the word begins there.
  const auto is_past = [&](const Span& span, size_t from) {
    return asks_words(query) ? span.begin <= from : span.begin < from;
  };
  for (size_t from = 0; from <= seen.size();) {
    std::optional<Span> best;
    for (size_t i = 0; i < ahead.size(); ++i) {
      auto& [known, span] = ahead[i];
      if (!known || (span && is_past(*span, from)))
        span = first_of(compiled_->any[i], from);
      known = true;
      if (!span) continue;
      if (!best || span->begin < best->begin ||
          (span->begin == best->begin && span->end > best->end))
        best = span;
    }
    if (!best) break;
    if (best->end > best->begin) into.push_back(*best);
    from = std::max(best->end, best->begin + 1);
  }
  if (scratch.empty() || seen.data() != scratch.data()) return;
  // Colours inside a match belong to it.
  const auto places = store::places_without_colours(text);
  for (auto& span : into) span = {places[span.begin], places[span.end - 1] + 1};
}

const Requirement& Pattern::requirement() const {
  return compiled_->requirement;
}
const std::vector<LiteralSearch>& Pattern::literals() const {
  return compiled_->literals;
}
const std::string& Pattern::expression() const {
  return compiled_->expression;
}

}  // namespace query
