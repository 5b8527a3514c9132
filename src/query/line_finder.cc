#include "query/line_finder.h"

#include <algorithm>
#include <bitset>
#include <climits>
#include <cstring>
#include <optional>
#include <vector>

#include "query/buffer_scan.h"
#include "query/bytes_before.h"
#include "query/finds.h"
#include "query/pattern_literals.h"
#include "store/line.h"

namespace query {
namespace {

constexpr size_t npos = std::string_view::npos;
// With more of them a look at each line costs less.
constexpr size_t kMostLiterals = 8;
// Lines asked about in vain for each one found, before it is given up to hop
// from one to the next.
constexpr size_t kManyInVain = 64;
constexpr size_t kBytesInVain = 200;
// ... where there is a scan to change to.
constexpr size_t kBytesScanned = 1000;
// Buffers in which that was so, before the next are not hopped through either.
constexpr size_t kMostFloods = 4;

size_t line_begin(std::string_view buffer, size_t at) {
  const void* found = at == 0 ? nullptr : ::memrchr(buffer.data(), '\n', at);
  return found == nullptr
             ? 0
             : static_cast<size_t>(static_cast<const char*>(found) -
                                   buffer.data()) +
                   1;
}

size_t line_end(std::string_view buffer, size_t at) {
  return std::min(buffer.find('\n', at), buffer.size());
}

}  // namespace

struct LineFinder::Parts {
  enum class Plan {
    All,       // every line
    Literals,  // from one literal, or run of classes, to the next
    Scan,      // the whole buffer at once
    Each       // every line is asked about
  };

  const Pattern* pattern = nullptr;
  bool inverted = false;
  bool only_required = false;  // lines need but hold the literals
  bool exact = false;          // a literal in the text is a match
  bool sole = false;           // there is but one literal
  bool divided = false;  // literals are looked for as stamps divide them, too
  Plan plan = Plan::Each;
  std::vector<Ahead<FindLiteral>> literals;  // each for itself, or
  std::optional<std::bitset<256>> before;    // of the only one, a single byte
  std::optional<Ahead<FindOneOf>> together;  // all in one pass
  std::optional<Ahead<FindRun>> run;         // where there is no literal
  bool watch_escapes = false;
  bool watch_high = false;
  bool watch_unicode = false;  // JSON's \u
  Ahead<FindAny> escape{find_escape};
  Ahead<FindAny> high{find_high_byte};
  Ahead<FindAny> unicode{find_unicode};
  std::unique_ptr<BufferScan> scan;

  std::string_view buffer;
  LineForm form = LineForm::Stamped;
  bool watching = false;     // the search for literals looks for escapes, too
  bool has_escapes = false;  // in what was looked at
  bool has_high = false;
  bool has_unicode = false;
  bool scanned = false;
  bool hopping = true;
  size_t floods = 0;  // buffers that hopping was given up in
  size_t asked = 0;
  size_t found = 0;
  std::string scratch;
  // Of an inverted query: the next line that the pattern itself takes.
  std::optional<Span> taken;
  bool none_taken = false;

  void choose(const Pattern& of, const Requirement& other);
  bool use(const std::vector<Literal>& set, bool through_colours);
  const std::vector<Literal>* best_byte(const Requirement& requirement,
                                        const std::vector<Literal>* set);
  bool look_for(std::vector<LiteralSearch> all);
  bool is_literal_at(size_t at) const;
  std::string_view text_at(Span line);
  bool matches(Span line);
  bool next_taken(size_t from, Span& line);
  bool next_each(size_t from, Span& line);
  bool next_literal(size_t from, Span& line);
  bool next_scanned(size_t from, Span& line);
  size_t candidate(size_t from, bool& by_literal);
  bool may_watch() const;
  void set_watching(bool on);
  void look_for_escapes();
  void note_escapes();
};

// False: they are too many.
bool LineFinder::Parts::use(const std::vector<Literal>& set,
                            bool through_colours) {
  std::vector<LiteralSearch> all;
  for (const auto& literal : set)
    all.emplace_back(literal.text, literal.ignore_case);
  if (!look_for(std::move(all))) return false;
  for (const auto& literal : set) {
    watch_high = watch_high || literal.ascii_lines_only;
    watch_unicode = watch_unicode || literal.unless_escaped;
  }
  watch_escapes = through_colours;
  return true;
}

// One byte may turn out to be everywhere. Of several, the one whose neighbour
// is the rarest.
const std::vector<Literal>* LineFinder::Parts::best_byte(
    const Requirement& requirement, const std::vector<Literal>* set) {
  const auto is_byte = [](const Literal& l) { return l.text.size() == 1; };
  if (std::ranges::none_of(*set, is_byte)) return set;
  scan = BufferScan::make(*pattern);
  const auto& query = pattern->query();
  if (set->size() != 1 || query.any.size() != 1 || query.fixed) return set;
  unsigned least = UINT_MAX;
  for (const auto& one : requirement.sets) {
    if (one.size() != 1 || !is_byte(one.front())) continue;
    const char mark = one.front().text.front();
    const auto bytes = bytes_before(query.any.front(), mark,
                                    query.ignore_case || query.smart_case);
    unsigned often = 0;
    for (size_t b = 0; bytes && b < bytes->size(); ++b)
      if ((*bytes)[b]) often += byte_frequency(static_cast<char>(b), false);
    often *= byte_frequency(mark, false);
    if (!bytes || often >= least) continue;
    least = often;
    before = bytes;
    set = &one;
  }
  return set;
}

// False: they are too many.
bool LineFinder::Parts::look_for(std::vector<LiteralSearch> all) {
  // The buffer is as on disk, where a stamp may stand within `{"a"`.
  const size_t given = all.size();
  for (size_t i = 0; i < given; ++i)
    for (auto& bytes : store::divided_forms(all[i].literal()))
      all.emplace_back(std::move(bytes), all[i].ignores_case());
  if (all.size() > kMostLiterals) return false;
  plan = Plan::Literals;
  divided = all.size() > given;
  if (auto set = LiteralSet::make(all))
    together.emplace(Ahead<FindOneOf>{FindOneOf{std::move(*set)}});
  else
    for (const auto& literal : all) literals.push_back({FindLiteral{literal}});
  sole = literals.size() == 1;
  return true;
}

// Of an exact query: whether what was found is what was asked for, and not what
// stands there when a stamp divides it.
bool LineFinder::Parts::is_literal_at(size_t at) const {
  return !divided ||
         std::ranges::any_of(pattern->literals(), [&](const auto& literal) {
           return buffer.size() - at >= literal.literal().size() &&
                  literal.is_at(buffer.data() + at);
         });
}

void LineFinder::Parts::choose(const Pattern& of, const Requirement& other) {
  pattern = &of;
  inverted = of.query().invert;
  if (of.takes_all()) {
    only_required = true;
    const auto* set = best_set(other);
    if (set == nullptr || set->size() > kMostLiterals ||
        !use(*set, other.through_colours))
      plan = Plan::All;
    return;
  }
  const auto& decisive = of.literals();
  if (!decisive.empty() && decisive.size() <= kMostLiterals &&
      look_for(decisive)) {
    exact = true;
    watch_escapes = !of.query().bytes;
    return;
  }
  // What the rest of the query requires may be rarer than what this one does.
  Requirement both = of.requirement();
  if (!inverted) both.add(other);
  const auto* set = best_set(both);
  if (set != nullptr && set->size() <= kMostLiterals &&
      std::ranges::none_of(*set,
                           [](const Literal& l) { return l.text.empty(); }) &&
      use(*best_byte(both, set), both.through_colours))
    return;
  scan = BufferScan::make(of);
  plan = scan ? Plan::Scan : Plan::Each;
  const auto& query = of.query();
  if (query.any.size() != 1 || query.fixed) return;
  if (const auto made = ClassRun::make(query.any.front(),
                                       query.ignore_case || query.smart_case)) {
    plan = Plan::Literals;
    run.emplace(Ahead<FindRun>{FindRun{*made}});
    watch_escapes = !query.bytes;
  }
}

std::string_view LineFinder::Parts::text_at(Span line) {
  const auto bytes = buffer.substr(line.begin, line.end - line.begin);
  if (form == LineForm::Plain) return bytes;
  const auto parsed = store::parse_line(bytes);
  if (parsed.lead.empty()) return parsed.text;
  scratch.assign(parsed.lead).append(parsed.text);
  return scratch;
}

bool LineFinder::Parts::matches(Span line) {
  // (Inverted queries come here for what they take away.)
  return only_required || pattern->matches(text_at(line)) != inverted;
}

bool LineFinder::Parts::next_each(size_t from, Span& line) {
  for (; from < buffer.size(); from = line.end + 1) {
    line = {from, line_end(buffer, from)};
    if (plan == Plan::All || matches(line)) return true;
  }
  return false;
}

// The next place at which a line may match.
size_t LineFinder::Parts::candidate(size_t from, bool& by_literal) {
  const auto next_of = [&](auto& ahead) {
    const size_t at = ahead.next(buffer, from);
    if (!ahead.find.seen) return at;
    note_escapes();
    return ahead.next(buffer, from);
  };
  // What is found alone is behind what was found last.
  if (sole && !has_escapes && !has_high && !has_unicode) {
    auto& find = literals.front().find;
    const size_t at = find(buffer, from);
    by_literal = at != npos;
    if (!find.seen) return at;
    note_escapes();
  }
  size_t best = together ? next_of(*together) : npos;
  for (auto& literal : literals) best = std::min(best, next_of(literal));
  if (run) best = std::min(best, run->next(buffer, from));
  by_literal = best != npos;
  if (has_escapes)
    if (const size_t at = escape.next(buffer, from); at < best) {
      best = at;
      by_literal = false;
    }
  if (has_high)
    if (const size_t at = high.next(buffer, from); at < best) {
      best = at;
      by_literal = false;
    }
  if (has_unicode)
    if (const size_t at = unicode.next(buffer, from); at < best) {
      best = at;
      by_literal = false;
    }
  return best;
}

// What is searched for alone looks for them itself, but for a byte, which is
// found faster.
void LineFinder::Parts::look_for_escapes() {
  has_escapes = false;
  if (before) literals.front().find.before = &*before;
  set_watching(may_watch());
  if (watch_escapes && !watching && escape.next(buffer, 0) != npos)
    note_escapes();
}

bool LineFinder::Parts::may_watch() const {
  return watch_escapes && LiteralSearch::marks_are_free() &&
         (together || (literals.size() == 1 &&
                       literals.front().find.search.literal().size() > 1));
}

void LineFinder::Parts::set_watching(bool on) {
  watching = on;
  if (together) together->find.watches = on;
  for (auto& literal : literals) literal.find.watches = on;
}

// Colour sequences may stand anywhere from here on.
void LineFinder::Parts::note_escapes() {
  has_escapes = true;
  set_watching(false);
  if (together) together->known = together->find.seen = false;
  for (auto& literal : literals) {
    literal.known = literal.find.seen = false;
    literal.find.before = nullptr;
  }
}

bool LineFinder::Parts::next_literal(size_t from, Span& line) {
  while (from < buffer.size()) {
    bool by_literal = false;
    const size_t at = candidate(from, by_literal);
    if (at == npos) return false;
    line = {std::max(from, line_begin(buffer, at)), line_end(buffer, at)};
    if (watching && buffer.substr(at, line.end - at).find(kEscape) != npos) {
      note_escapes();
      continue;
    }
    from = line.end + 1;
    if (exact && by_literal && is_literal_at(at)) {
      // Behind a stamp that stands first, which needn't be looked at.
      const bool behind = at >= line.begin + store::kPrefixSize &&
                          buffer[line.begin] >= '0' &&
                          buffer[line.begin] <= '9';
      if ((behind || form == LineForm::Plain) && !has_escapes &&
          buffer[line.end - 1] != '\r')
        return true;
      const auto text = text_at(line);
      const size_t begin =
          text.data() >= buffer.data() &&
                  text.data() <= buffer.data() + buffer.size()
              ? static_cast<size_t>(text.data() - buffer.data())
              : npos;
      const bool coloured = has_escapes && text.find('\x1b') != text.npos;
      // (A '\r' at the end is no text; a literal that has one goes the long
      // way.)
      if (at >= begin && !coloured && !text.ends_with('\r')) return true;
    }
    ++asked;
    if (matches(line)) {
      ++found;
      return true;
    }
    if (asked > kManyInVain && asked > 16 * (found + 1) &&
        asked * (scan ? kBytesScanned : kBytesInVain) > line.end && !exact) {
      hopping = false;
      ++floods;
      return scan ? next_scanned(from, line) : next_each(from, line);
    }
  }
  return false;
}

bool LineFinder::Parts::next_scanned(size_t from, Span& line) {
  if (!scanned) {
    scan->set_buffer(buffer, form);
    scanned = true;
  }
  for (size_t at = from; scan->next(at, line); at = line.end + 1)
    if (matches(line)) return true;
  return false;
}

// The next line that the pattern takes, before anything is inverted.
bool LineFinder::Parts::next_taken(size_t from, Span& line) {
  switch (plan) {
    case Plan::Literals:
      if (hopping) return next_literal(from, line);
      return scan ? next_scanned(from, line) : next_each(from, line);
    case Plan::Scan:
      return next_scanned(from, line);
    case Plan::All:
    case Plan::Each:
      break;
  }
  return next_each(from, line);
}

LineFinder::LineFinder(const Pattern& pattern, const Requirement& other)
    : parts_(std::make_unique<Parts>()) {
  parts_->choose(pattern, other);
}
LineFinder::~LineFinder() = default;
LineFinder::LineFinder(LineFinder&&) noexcept = default;

void LineFinder::set_buffer(std::string_view buffer, LineForm form) {
  Parts& parts = *parts_;
  parts.buffer = buffer;
  parts.form = form;
  parts.scanned = false;
  parts.hopping = !parts.scan || parts.floods <= kMostFloods;
  parts.asked = parts.found = 0;
  parts.taken.reset();
  parts.none_taken = false;
  for (auto& literal : parts.literals) literal.known = false;
  if (parts.together) parts.together->known = false;
  if (parts.run) parts.run->known = false;
  parts.escape.known = parts.high.known = parts.unicode.known = false;
  parts.look_for_escapes();
  parts.has_unicode =
      parts.watch_unicode && parts.unicode.next(buffer, 0) != npos;
  parts.has_high = parts.watch_high && parts.high.next(buffer, 0) != npos;
}

bool LineFinder::next(size_t from, Span& line) {
  Parts& parts = *parts_;
  if (!parts.inverted) return parts.next_taken(from, line);
  for (; from < parts.buffer.size(); from = parts.taken->end + 1) {
    const bool stale =
        !parts.none_taken && (!parts.taken || parts.taken->begin < from);
    if (stale) {
      Span taken;
      parts.none_taken = !parts.next_taken(from, taken);
      parts.taken = taken;
    }
    if (parts.none_taken || parts.taken->begin > from) {
      line = {from, line_end(parts.buffer, from)};
      return true;
    }
  }
  return false;
}

}  // namespace query
