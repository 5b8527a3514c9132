#include "query/buffer_scan.h"

#include <algorithm>

#include "base/regex.h"
#include "query/hyperscan.h"
#include "store/colours.h"
#include "store/line.h"

namespace query {
namespace {

// Hyperscan gives each match's end, and of some patterns very many.
constexpr size_t kBytesAnEnd = 8;
constexpr int kMostFloods = 4;

}  // namespace

// Hyperscan, where it knows the pattern and the text has nothing that the two
// take in different ways; else RE2.
struct BufferScan::Engines {
  std::string expression;
  base::Regex regex;
  std::unique_ptr<Hyperscan> fast{};
  size_t left = 0;  // bytes until it is worth loading
  int floods = 0;
};

BufferScan::BufferScan(std::unique_ptr<Engines> engines)
    : engines_(std::move(engines)) {}
BufferScan::~BufferScan() = default;

void BufferScan::scan() {
  Engines& engines = *engines_;
  const std::string_view text = text_;
  if (engines.left > 0 && engines.left <= text.size())
    engines.fast = Hyperscan::compile(engines.expression);
  engines.left -= std::min(engines.left, text.size());
  if (engines.fast && find_high_byte(text, 0) == text.npos &&
      text.find('\v') == text.npos) {
    if (scan_fast()) return;
    if (++engines.floods > kMostFloods) engines.fast.reset();
  }
  // A hit costs what is between it and the one before.
  for (size_t at = 0; at < text.size();) {
    const auto match = engines.regex.find(text, at);
    if (!match || match->begin >= text.size()) return;
    at = note(match->begin) + 1;
  }
}

// False: it finds so many ends of matches that asking RE2 costs less.
bool BufferScan::scan_fast() {
  size_t ends = 0;
  size_t done = 0;
  return engines_->fast->scan(text_, [&](size_t end) {
    // A match that is not empty ends behind its last byte; an empty one may
    // stand at the beginning of the line behind that.
    if (end > done || end == 0) done = note(end == 0 ? 0 : end - 1);
    if (end == done + 1 && end < text_.size()) done = note(end);
    return ++ends * kBytesAnEnd < text_.size() + 4096;
  });
}

namespace {

// Flags say that ^ and $ are not those of lines.
bool is_of_one_line(std::string_view expression) {
  for (size_t at = expression.find("(?"); at != expression.npos;
       at = expression.find("(?", at + 1)) {
    const auto flags =
        expression.substr(at, expression.find_first_of(":)", at) - at);
    const auto minus = flags.find('-');
    if (minus != flags.npos && flags.find('m', minus) != flags.npos)
      return true;
  }
  return false;
}

bool is_better_line_by_line(std::string_view expression) {
  // Anchored at the left, RE2 knows within a few bytes that a line is none.
  for (size_t at = expression.find_first_not_of("(");
       at < expression.size() && expression[at] == '?';) {
    const auto end = expression.find(':', at);
    if (end == expression.npos) break;
    at = expression.find_first_not_of("(", end + 1);
    if (at < expression.size() && expression[at] == '^') return true;
  }
  // \C: a byte of any value goes on to the buffer's end, of each line anew.
  return is_of_one_line(expression) ||
         expression.find("\\C") != expression.npos ||
         expression.find("\\A") != expression.npos ||
         expression.find("\\z") != expression.npos;
}

}  // namespace

std::unique_ptr<BufferScan> BufferScan::make(const Pattern& pattern,
                                             size_t worth) {
  const auto& expression = pattern.expression();
  if (expression.empty() || is_better_line_by_line(expression) ||
      pattern.query().bytes)
    return nullptr;
  auto regex = base::Regex::compile(expression, {.lines = true});
  if (!regex) return nullptr;
  return std::unique_ptr<BufferScan>(new BufferScan(
      std::make_unique<Engines>(Engines{.expression = expression,
                                        .regex = std::move(*regex),
                                        .left = std::max<size_t>(worth, 1)})));
}

// The line that has this byte of the text is a candidate. Answers the end of
// its text, or where the text ends.
size_t BufferScan::note(size_t at) {
  const auto line = std::ranges::upper_bound(
      lines_.begin() + static_cast<std::ptrdiff_t>(noted_), lines_.end(), at,
      [](size_t place, size_t end) { return place <= end; }, &Line::text_end);
  if (line == lines_.end()) return text_.size();
  const auto number = static_cast<size_t>(line - lines_.begin());
  if (found_.empty() || found_.back() < number) found_.push_back(number);
  noted_ = number;
  return line->text_end;
}

void BufferScan::set_buffer(std::string_view buffer, LineForm form) {
  text_.clear();
  lines_.clear();
  found_.clear();
  noted_ = next_ = 0;
  std::string scratch;
  for (size_t begin = 0; begin < buffer.size();) {
    const size_t end = std::min(buffer.find('\n', begin), buffer.size());
    auto text = buffer.substr(begin, end - begin);
    std::string_view lead;
    if (form == LineForm::Stamped) {
      const auto parsed = store::parse_line(text);
      lead = parsed.lead;
      text = parsed.text;
    }
    text = store::without_colours(text, scratch);
    if (text.ends_with('\r')) text.remove_suffix(1);
    text_.append(lead).append(text);
    lines_.push_back({begin, end, text_.size()});
    text_ += '\n';
    begin = end + 1;
  }
  scan();
}

bool BufferScan::next(size_t from, Span& line) {
  if (next_ > 0 && lines_[found_[next_ - 1]].begin >= from) next_ = 0;
  while (next_ < found_.size() && lines_[found_[next_]].begin < from) ++next_;
  if (next_ == found_.size()) return false;
  const Line& found = lines_[found_[next_++]];
  line = {found.begin, found.end};
  return true;
}

}  // namespace query
