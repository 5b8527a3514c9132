#include "query/text_printer.h"

#include <fmt/format.h>

#include "query/planner.h"

namespace query {
namespace {

constexpr size_t kLongestRow = size_t{8} << 10;
constexpr std::string_view kNoTime = "--:--:--.------";

// What a terminal would show of a line that goes back to its beginning.
std::string_view after_return(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  const auto at = text.rfind('\r');
  return at == text.npos ? text : text.substr(at + 1);
}

}  // namespace

TextPrinter::TextPrinter(Output& output, const base::Clock& clock,
                         TextStyle style)
    : output_(output), clock_(clock), style_(style), sanitizer_(style.colour) {
  learn_today();
}

void TextPrinter::learn_today() {
  const auto now = base::wall_time(clock_.now(), style_.zone);
  if (now.day == today_.day && now.month == today_.month &&
      now.year == today_.year)
    return;
  today_ = now;
  second_ = INT64_MIN;
}

void TextPrinter::put_time(std::optional<base::Timestamp> time) {
  if (!time) {
    output_.put(kNoTime);
    return;
  }
  int64_t second = time->us / 1'000'000;
  int64_t us = time->us % 1'000'000;
  if (us < 0) {
    us += 1'000'000;
    --second;
  }
  if (second != second_) {
    second_ = second;
    const auto t = base::wall_time({second * 1'000'000}, style_.zone);
    second_text_.clear();
    if (t.year != today_.year) second_text_ = fmt::format("{:04}-", t.year);
    if (t.day != today_.day || t.month != today_.month || t.year != today_.year)
      second_text_ += fmt::format("{:02}-{:02} ", t.month, t.day);
    second_text_ +=
        fmt::format("{:02}:{:02}:{:02}.", t.hour, t.minute, t.second);
  }
  char digits[6];
  for (int i = 5; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + us % 10);
    us /= 10;
  }
  output_.put(second_text_);
  output_.put({digits, sizeof digits});
}

void TextPrinter::put_label(std::string_view app, std::string_view label) {
  output_.put(' ');
  if (style_.colour) output_.put(label_colour(app));
  output_.put(label);
  if (style_.colour) output_.put(kReset);
  for (size_t i = label.size(); i < label_width_; ++i) output_.put(' ');
  output_.put(' ');
}

void TextPrinter::begin_row(const Origin& origin, std::string_view label,
                            std::optional<base::Timestamp> time) {
  end_row();
  row_of_ = &origin;
  row_size_ = 0;
  cut_ = false;
  put_time(time);
  put_label(origin.app, label);
}

void TextPrinter::put_text(std::string_view text) {
  if (!style_.terminal) {
    output_.put(text);
    return;
  }
  if (!style_.full) {
    text = after_return(text);
    const size_t room = kLongestRow - row_size_;
    cut_ = cut_ || text.size() > room;
    text = text.substr(0, room);
    row_size_ += text.size();
  }
  scratch_.clear();
  sanitizer_.add(text, scratch_);
  output_.put(scratch_);
}

void TextPrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (piece.begins || row_of_ != &origin) {
    begin_row(origin, origin.label, piece.time);
    const bool error = origin.kind == Kind::Error;
    if (error && style_.colour) output_.put(kErrorMark);
    output_.put(error ? '!' : ' ');
    if (error && style_.colour) output_.put(kReset);
    output_.put(' ');
  }
  put_text(piece.text);
  if (piece.ends) end_row();
}

bool TextPrinter::event(const Origin& origin, const store::Event& event) {
  if (event.kind == store::EventKind::LineEnded) return false;
  end_row();
  if (style_.colour) output_.put(kDim);
  put_time(event.time);
  output_.put(' ');
  const std::string label = make_label(origin, event.instance);
  output_.put(label);
  for (size_t i = label.size(); i < label_width_; ++i) output_.put(' ');
  output_.put(" \u00b7 ");
  row_size_ = 0;
  put_text(store::describe_event(event));
  scratch_.clear();
  sanitizer_.end(scratch_);
  output_.put(scratch_);
  if (style_.colour) output_.put(kReset);
  output_.put('\n');
  return true;
}

void TextPrinter::end_row() {
  if (row_of_ == nullptr) return;
  row_of_ = nullptr;
  if (style_.terminal) {
    scratch_.clear();
    sanitizer_.end(scratch_);
    if (cut_) scratch_ += "\u2026 (--full shows the rest)";
    output_.put(scratch_);
  }
  output_.put('\n');
}

void TextPrinter::settle() {
  end_row();
  output_.flush();
  learn_today();
}

}  // namespace query
