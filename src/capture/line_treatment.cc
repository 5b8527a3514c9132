#include "capture/line_treatment.h"

#include <algorithm>

namespace capture {
namespace {

constexpr char kEscape = '\x1b';
// Buffers of more than this are given back: a file's unusual line is no reason
// to keep memory for it.
constexpr size_t kKept = size_t{16} << 10;
constexpr char kBell = '\a';
// A C1 control in UTF-8 is this byte and its own; the byte alone may as well be
// the middle of a letter.
constexpr char kC1 = '\xc2';

void empty(std::string& buffer) {
  if (buffer.capacity() > kKept)
    std::string().swap(buffer);
  else
    buffer.clear();
}

bool is_between(char c, char first, char last) {
  return c >= first && c <= last;
}

// A C1 control: its 7-bit letter after ESC ('[' for CSI), how long it is.
struct Control {
  char letter = 0;
  size_t size = 0;  // 0: none is here
};

Control control_at(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return {};
  const char next = text[at + 1];
  if (text[at] == kEscape) return {next, 2};
  if (text[at] == kC1 && static_cast<unsigned char>(next) >= 0x80 &&
      static_cast<unsigned char>(next) <= 0x9f)
    return {static_cast<char>(static_cast<unsigned char>(next) - 0x40), 2};
  return {};
}

size_t skip(std::string_view text, size_t at, char first, char last) {
  while (at < text.size() && is_between(text[at], first, last)) ++at;
  return at;
}

// Where a string that a control began ends; npos when it does not, or when
// another control comes before.
size_t end_of_string(std::string_view text, size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] == kBell) return at + 1;
    if (text[at] != kEscape && text[at] != kC1) continue;
    const Control control = control_at(text, at);
    if (control.letter == '\\') return at + control.size;
    if (control.size > 0 || text[at] == kEscape) return text.npos;
  }
  return text.npos;
}

// Where the sequence at `at` ends; `at` when there is none.
size_t end_of_sequence(std::string_view text, size_t at) {
  const Control control = control_at(text, at);
  if (control.size == 0) return at;
  const size_t begin = at + control.size;
  switch (control.letter) {
    case '[': {
      const size_t end = skip(text, skip(text, begin, 0x30, 0x3f), ' ', '/');
      const bool whole = end < text.size() && is_between(text[end], '@', '~');
      return whole ? end + 1 : at;
    }
    case ']':  // OSC, DCS, SOS, PM, APC
    case 'P':
    case 'X':
    case '^':
    case '_': {
      const size_t end = end_of_string(text, begin);
      return end == text.npos ? at : end;
    }
    default:
      break;
  }
  if (text[at] == kC1) return begin;
  const size_t end = skip(text, at + 1, ' ', '/');
  const bool whole = end < text.size() && is_between(text[end], '0', '~');
  return whole ? end + 1 : at;
}

}  // namespace

std::string_view AnsiStripper::strip(std::string_view text) {
  size_t kept = 0;  // what is before is in stripped_, or was taken
  size_t at = 0;
  size_t escape = text.find(kEscape);
  size_t c1 = text.find(kC1);
  empty(stripped_);
  for (;;) {
    if (escape < at) escape = text.find(kEscape, at);
    if (c1 < at) c1 = text.find(kC1, at);
    at = std::min(escape, c1);
    if (at == text.npos) break;
    const size_t end = end_of_sequence(text, at);
    if (end == at) {
      ++at;
      continue;
    }
    stripped_.append(text, kept, at - kept);
    kept = at = end;
  }
  if (kept == 0) return text;
  stripped_.append(text, kept);
  return stripped_;
}

base::Result<Redactor> Redactor::make(
    const std::vector<std::string>& patterns) {
  std::vector<base::Regex> compiled;
  for (const auto& pattern : patterns) {
    auto regex = base::Regex::compile(pattern);
    if (!regex)
      return base::pass(std::move(regex), "redact \"" + pattern + "\"");
    compiled.push_back(std::move(*regex));
  }
  return Redactor(std::move(compiled));
}

void Redactor::find_all(std::string_view text) {
  matches_.clear();
  for (const auto& pattern : patterns_) {
    for (size_t from = 0; const auto match = pattern.find(text, from);) {
      const bool empty = match->begin == match->end;
      from = match->end + (empty ? 1 : 0);
      if (!empty) matches_.push_back(*match);
    }
  }
  if (patterns_.size() == 1 || matches_.size() < 2) return;
  std::ranges::sort(matches_, {}, &base::Regex::Match::begin);
  size_t last = 0;
  for (size_t i = 1; i < matches_.size(); ++i) {
    if (matches_[i].begin < matches_[last].end)
      matches_[last].end = std::max(matches_[last].end, matches_[i].end);
    else
      matches_[++last] = matches_[i];
  }
  matches_.resize(last + 1);
}

std::string_view Redactor::redact(std::string_view text, uint64_t& count) {
  find_all(text);
  if (matches_.empty()) return text;
  count += matches_.size();
  if (text.size() + matches_.size() * kRedacted.size() > kMostGrown) {
    matches_.front().end = matches_.back().end;
    matches_.resize(1);
  }
  empty(redacted_);
  size_t kept = 0;
  for (const auto& match : matches_) {
    redacted_.append(text, kept, match.begin - kept);
    redacted_.append(kRedacted);
    kept = match.end;
  }
  redacted_.append(text, kept);
  if (matches_.capacity() > kKept)
    std::vector<base::Regex::Match>().swap(matches_);
  return redacted_;
}

}  // namespace capture
