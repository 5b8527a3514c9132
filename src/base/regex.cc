#include "base/regex.h"

#include <fmt/format.h>
#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/case_marks.h"
#include "base/json.h"

namespace base {
namespace {

// States are dropped and made again when they need more; larger programs than
// a share of it are refused.
constexpr int64_t kMostMemory = int64_t{32} << 20;
constexpr size_t kLongestPattern = size_t{1} << 20;
// Of two bytes or more a literal is likely to be rare. Single ones are told
// where a pattern has no other.
constexpr int kLeastAtom = 2;
// With more of them, asking what happens without each would take too long.
constexpr size_t kMostAtoms = 48;

re2::RE2::Options re2_options(std::string_view pattern,
                              const RegexOptions& options) {
  re2::RE2::Options made(re2::RE2::Quiet);
  made.set_literal(options.literal);
  made.set_case_sensitive(!options.ignore_case);
  made.set_max_mem(kMostMemory);
  made.set_never_nl(options.lines);
  if (!is_utf8(pattern)) made.set_encoding(re2::RE2::Options::EncodingLatin1);
  return made;
}

// In the language of the pattern: what looks over lines says so.
std::string re2_pattern(std::string_view pattern, const RegexOptions& options) {
  return options.lines && !options.literal ? fmt::format("(?m:{})", pattern)
                                           : std::string(pattern);
}

std::string describe(const re2::RE2& re, std::string_view pattern) {
  const std::string& part = re.error_arg();
  auto at = part.empty() ? std::string_view::npos : pattern.find(part);
  std::string why = re.error();
  // Its words end in the offending part; the caret shows that.
  if (!part.empty() && why.ends_with(": " + part))
    why.resize(why.size() - part.size() - 2);
  if (at == std::string_view::npos ||
      re.error_code() == re2::RE2::ErrorMissingParen)
    at = re.error_code() == re2::RE2::ErrorMissingParen ? pattern.size() : 0;
  if (re.error_code() == re2::RE2::ErrorTrailingBackslash)
    at = pattern.size() - 1;
  return fmt::format("pattern: {}\n  {}\n  {}^", why, pattern,
                     std::string(at, ' '));
}

}  // namespace

struct Regex::Impl {
  Impl(std::string_view pattern, const re2::RE2::Options& options)
      : re(re2::StringPiece(pattern.data(), pattern.size()), options) {}
  re2::RE2 re;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern,
                             const RegexOptions& options) {
  if (pattern.size() > kLongestPattern)
    return fail(Errc::Invalid,
                fmt::format("pattern: longer than {} bytes", kLongestPattern));
  auto impl = std::make_unique<Impl>(re2_pattern(pattern, options),
                                     re2_options(pattern, options));
  if (!impl->re.ok()) return fail(Errc::Invalid, describe(impl->re, pattern));
  return Regex(std::move(impl));
}

bool Regex::contains(std::string_view text) const {
  return impl_->re.Match(re2::StringPiece(text.data(), text.size()), 0,
                         text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::optional<Regex::Match> Regex::find(std::string_view text, size_t from,
                                        int group) const {
  constexpr int kGroups = 2;
  const re2::StringPiece whole(text.data(), text.size());
  re2::StringPiece found[kGroups];
  if (from > text.size() || group >= kGroups ||
      !impl_->re.Match(whole, from, text.size(), re2::RE2::UNANCHORED, found,
                       group + 1))
    return std::nullopt;
  const auto& part = found[group];
  if (part.data() == nullptr && text.data() != nullptr) return std::nullopt;
  const auto begin = static_cast<size_t>(part.data() - text.data());
  return Match{begin, begin + part.size()};
}

namespace {

// The atoms of an expression, and which of them it can't do without.
class Atoms {
 public:
  Atoms(std::string_view expression, const RegexOptions& options, int least)
      : filtered_(least) {
    int id = 0;
    if (filtered_.Add(re2::StringPiece(expression.data(), expression.size()),
                      re2_options(expression, options),
                      &id) != re2::RE2::NoError)
      return;
    filtered_.Compile(&atoms_);
    if (atoms_.size() > kMostAtoms) atoms_.clear();
  }

  std::vector<std::vector<std::string>> required() const {
    std::vector<std::vector<std::string>> sets;
    std::vector<size_t> rest;
    for (size_t i = 0; i < atoms_.size(); ++i) {
      if (is_possible_without({i}))
        rest.push_back(i);
      else
        sets.push_back({atoms_[i]});
    }
    if (rest.empty() || is_possible_without(rest)) return sets;
    // One set of the others, as small as taking away one by one makes it, the
    // shortest first.
    std::ranges::stable_sort(rest, {},
                             [this](size_t i) { return atoms_[i].size(); });
    for (size_t i = 0; i < rest.size();) {
      auto fewer = rest;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (!fewer.empty() && !is_possible_without(fewer))
        rest = std::move(fewer);
      else
        ++i;
    }
    std::vector<std::string> set;
    for (const size_t i : rest) set.push_back(atoms_[i]);
    sets.push_back(std::move(set));
    return sets;
  }

 private:
  bool is_possible_without(const std::vector<size_t>& missing) const {
    std::vector<int> present;
    for (size_t i = 0; i < atoms_.size(); ++i)
      if (std::ranges::find(missing, i) == missing.end())
        present.push_back(static_cast<int>(i));
    std::vector<int> possible;
    filtered_.AllPotentials(present, &possible);
    return !possible.empty();
  }

  re2::FilteredRE2 filtered_;
  std::vector<std::string> atoms_;
};

std::vector<std::vector<RequiredLiteral>> required_literals(
    std::string_view pattern, const RegexOptions& options, int least) {
  const auto marks =
      options.ignore_case ? std::nullopt : CaseMarks::make(pattern);
  const Atoms atoms(marks ? marks->marked() : pattern, options, least);
  std::vector<std::vector<RequiredLiteral>> sets;
  for (const auto& required : atoms.required()) {
    std::vector<RequiredLiteral> set;
    for (const auto& atom : required)
      set.push_back(marks ? RequiredLiteral{marks->unmarked(atom), true}
                          : RequiredLiteral{atom, false});
    // A mark is longer than what it stands for.
    const bool is_long = std::ranges::all_of(set, [&](const auto& literal) {
      return literal.text.size() >= static_cast<size_t>(least);
    });
    if (is_long) sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace

std::vector<std::vector<RequiredLiteral>> required_literals(
    std::string_view pattern, const RegexOptions& options) {
  auto sets = required_literals(pattern, options, kLeastAtom);
  return sets.empty() ? required_literals(pattern, options, 1) : sets;
}

}  // namespace base
