#include "query/buffer_scan.h"

#include <algorithm>

#include "base/regex.h"
#include "query/vectorscan.h"
#include "store/colours.h"
#include "store/line.h"

namespace query {
namespace {

// RE2 on the whole text: a hit costs what is between it and the one before.
class Re2Scan final : public BufferScan {
 public:
  explicit Re2Scan(base::Regex regex) : regex_(std::move(regex)) {}

 private:
  void scan(std::string_view text) override {
    for (size_t at = 0; at < text.size();) {
      const auto match = regex_.find(text, at);
      if (!match || match->begin >= text.size()) return;
      at = note(match->begin) + 1;
    }
  }
  base::Regex regex_;
};

// Vectorscan, where it knows the pattern and the text has nothing that the two
// take in different ways; else RE2.
class FastScan final : public BufferScan {
 public:
  FastScan(std::unique_ptr<Vectorscan> fast, base::Regex regex)
      : fast_(std::move(fast)), regex_(std::move(regex)) {}

 private:
  // It gives the end of each match, and so many for some that asking RE2 costs
  // less.
  static constexpr size_t kManyEnds = 8;  // bytes for each

  void scan(std::string_view text) override {
    size_t ends = 0;
    if (fast_ && find_high_byte(text, 0) == text.npos &&
        text.find('\v') == text.npos) {
      size_t done = 0;
      const bool whole = fast_->scan(text, [&](size_t end) {
        // A match that is not empty ends behind its last byte.
        const size_t at = end == 0 ? 0 : end - 1;
        ++ends;
        if (end > done || end == 0) done = note(at);
        // One that is empty may stand at the beginning of the next line.
        if (end == done + 1 && end < text.size()) done = note(end);
        return ends * kManyEnds < text.size() + 4096;
      });
      if (whole) return;
      if (++floods_ > 4) fast_.reset();
    }
    for (size_t at = 0; at < text.size();) {
      const auto match = regex_.find(text, at);
      if (!match || match->begin >= text.size()) return;
      at = note(match->begin) + 1;
    }
  }
  std::unique_ptr<Vectorscan> fast_;
  base::Regex regex_;
  int floods_ = 0;
};

bool is_better_line_by_line(std::string_view expression) {
  // Anchored at the left, RE2 knows within a few bytes that a line is none.
  for (size_t at = expression.find_first_not_of("(");
       at < expression.size() && expression[at] == '?';) {
    const auto end = expression.find(':', at);
    if (end == expression.npos) break;
    at = expression.find_first_not_of("(", end + 1);
    if (at < expression.size() && expression[at] == '^') return true;
  }
  return expression.find("\\A") != expression.npos ||
         expression.find("\\z") != expression.npos;
}

}  // namespace

std::unique_ptr<BufferScan> BufferScan::make(const Pattern& pattern) {
  const auto& expression = pattern.expression();
  if (expression.empty() || is_better_line_by_line(expression) ||
      pattern.query().bytes)
    return nullptr;
  auto regex = base::Regex::compile(expression, {.lines = true});
  if (!regex) return nullptr;
  if (auto fast = Vectorscan::compile(expression))
    return std::make_unique<FastScan>(std::move(fast), std::move(*regex));
  return std::make_unique<Re2Scan>(std::move(*regex));
}

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
  scan(text_);
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
