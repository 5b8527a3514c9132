#include "base/regex.h"

#include <fmt/format.h>
#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/json.h"

namespace base {
namespace {

// States are dropped and made again when they need more; larger programs than
// a share of it are refused.
constexpr int64_t kMostMemory = int64_t{32} << 20;
constexpr size_t kLongestPattern = size_t{64} << 10;
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

std::vector<std::vector<std::string>> required_atoms(
    std::string_view pattern, const RegexOptions& options, int least) {
  re2::FilteredRE2 filtered(least);
  int id = 0;
  if (filtered.Add(re2::StringPiece(pattern.data(), pattern.size()),
                   re2_options(pattern, options), &id) != re2::RE2::NoError)
    return {};
  std::vector<std::string> atoms;
  filtered.Compile(&atoms);
  if (atoms.empty() || atoms.size() > kMostAtoms) return {};
  const auto possible_without = [&](const std::vector<size_t>& missing) {
    std::vector<int> present;
    for (size_t i = 0; i < atoms.size(); ++i)
      if (std::ranges::find(missing, i) == missing.end())
        present.push_back(static_cast<int>(i));
    std::vector<int> possible;
    filtered.AllPotentials(present, &possible);
    return !possible.empty();
  };
  std::vector<std::vector<std::string>> sets;
  std::vector<size_t> rest;
  for (size_t i = 0; i < atoms.size(); ++i) {
    if (possible_without({i}))
      rest.push_back(i);
    else
      sets.push_back({atoms[i]});
  }
  // One set of the others, as small as taking away one by one makes it.
  if (rest.empty() || possible_without(rest)) return sets;
  for (size_t i = 0; i < rest.size();) {
    auto fewer = rest;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (!fewer.empty() && !possible_without(fewer))
      rest = std::move(fewer);
    else
      ++i;
  }
  std::vector<std::string> set;
  for (const size_t i : rest) set.push_back(atoms[i]);
  sets.push_back(std::move(set));
  return sets;
}

}  // namespace

std::vector<std::vector<std::string>> required_literals(
    std::string_view pattern, const RegexOptions& options) {
  auto sets = required_atoms(pattern, options, kLeastAtom);
  return sets.empty() ? required_atoms(pattern, options, 1) : sets;
}

}  // namespace base
