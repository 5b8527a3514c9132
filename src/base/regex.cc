#include "base/regex.h"

#include <re2/re2.h>

namespace base {

struct Regex::Impl {
  explicit Impl(std::string_view pattern, const re2::RE2::Options& options)
      : re(re2::StringPiece(pattern.data(), pattern.size()), options) {}
  re2::RE2 re;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  re2::RE2::Options options(re2::RE2::Quiet);
  auto impl = std::make_unique<Impl>(pattern, options);
  if (!impl->re.ok())
    return fail(Errc::Invalid, "pattern: " + impl->re.error());
  return Regex(std::move(impl));
}

bool Regex::contains(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                impl_->re);
}

std::optional<Regex::Match> Regex::find(std::string_view text,
                                        size_t from) const {
  const re2::StringPiece whole(text.data(), text.size());
  re2::StringPiece found;
  if (from > text.size() || !impl_->re.Match(whole, from, text.size(),
                                             re2::RE2::UNANCHORED, &found, 1))
    return std::nullopt;
  const auto begin = static_cast<size_t>(found.data() - text.data());
  return Match{begin, begin + found.size()};
}

}  // namespace base
