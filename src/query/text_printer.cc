#include "query/text_printer.h"

#include <algorithm>
#include <utility>

#include "query/planner.h"
#include "query/pretty.h"

namespace query {
namespace {

constexpr size_t kLongestRow = size_t{8} << 10;

// What a terminal would show of a line that goes back to its beginning.
std::string_view after_return(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  const auto at = text.rfind('\r');
  return at == text.npos ? text : text.substr(at + 1);
}

}  // namespace

TextPrinter::TextPrinter(Output& output, const base::Clock& clock,
                         TextStyle style)
    : output_(output),
      style_(std::move(style)),
      plain_(!style_.terminal && !style_.colour && !style_.bare &&
             !style_.only && !style_.pretty && style_.fields.empty()),
      time_(clock, style_.zone, style_.time),
      sanitizer_(style_.colour) {}

// Mostly of the same as the row before.
void TextPrinter::put_label(const Origin& origin) {
  if (lead_of_.origin == &origin && lead_of_.label == origin.label &&
      lead_of_.width == label_width_ && lead_of_.context == context_) {
    output_.put(lead_);
    return;
  }
  lead_of_ = {&origin, origin.label, label_width_, context_};
  const bool colour = style_.colour && !context_;
  lead_ = ' ';
  if (colour) lead_ += label_colour(origin.app);
  lead_ += origin.label;
  if (colour) lead_ += kReset;
  if (origin.label.size() < label_width_)
    lead_.append(label_width_ - origin.label.size(), ' ');
  lead_ += ' ';
  const bool error = origin.kind == Kind::Error;
  if (error && colour) lead_ += kErrorMark;
  lead_ += error ? '!' : ' ';
  if (error && colour) lead_ += kReset;
  lead_ += context_ && !style_.colour ? '-' : ' ';
  output_.put(lead_);
}

void TextPrinter::begin_row(const Origin& origin,
                            const std::optional<base::Timestamp>& time) {
  end_row();
  row_of_ = &origin;
  row_size_ = 0;
  cut_ = false;
  const bool dim = context_ && style_.colour;
  // A dim row has no other colours.
  sanitizer_.begin(style_.colour && !context_);
  if (dim) output_.put(kDim);
  if (style_.bare) return;
  output_.put(time_.show(time));
  put_label(origin);
}

// Puts another text than the line's own into shaped_, if one is wanted.
bool TextPrinter::reshape(std::string_view text) {
  shaped_.clear();
  const bool colour = style_.colour && !context_;
  if (!style_.fields.empty())
    return append_fields(text, style_.fields, colour, shaped_);
  return style_.pretty && append_pretty(text, colour, shaped_);
}

void TextPrinter::put_text(std::string_view text) {
  if (!style_.terminal) {
    output_.put(text);
    return;
  }
  scratch_.clear();
  sanitizer_.add(text, scratch_);
  output_.put(scratch_);
}

void TextPrinter::put_marked(std::string_view text) {
  spans_.clear();
  style_.marks(text, spans_);
  size_t from = 0;
  for (const Span& span : spans_) {
    const size_t begin = std::clamp(span.begin, from, text.size());
    const size_t end = std::clamp(span.end, begin, text.size());
    put_text(text.substr(from, begin - from));
    scratch_.clear();
    sanitizer_.begin_match(scratch_);
    sanitizer_.add(text.substr(begin, end - begin), scratch_);
    sanitizer_.end_match(scratch_);
    output_.put(scratch_);
    from = end;
  }
  put_text(text.substr(from));
}

void TextPrinter::put_line(std::string_view text, bool whole) {
  if (whole && reshape(text)) text = shaped_;
  if (style_.terminal && !style_.full) {
    text = after_return(text);
    const size_t room = kLongestRow - row_size_;
    cut_ = cut_ || text.size() > room;
    text = text.substr(0, room);
    row_size_ += text.size();
  }
  if (style_.marks && style_.colour && !context_)
    put_marked(text);
  else
    put_text(text);
}

// As with grep, -o has no context: what is not the match is not shown.
void TextPrinter::put_only(const Origin& origin, const store::Piece& piece) {
  if (context_ || !style_.marks) return;
  std::vector<Span> spans;
  style_.marks(piece.text, spans);
  for (const Span& span : spans) {
    begin_row(origin, piece.time);
    const auto text = piece.text.substr(span.begin, span.end - span.begin);
    if (style_.colour) {
      scratch_.clear();
      sanitizer_.begin_match(scratch_);
      sanitizer_.add(text, scratch_);
      sanitizer_.end_match(scratch_);
      output_.put(scratch_);
    } else {
      put_text(text);
    }
    end_row();
  }
}

// What most rows are.
void TextPrinter::put_plain_row(const Origin& origin,
                                const store::Piece& piece) {
  output_.put(time_.show(piece.time));
  put_label(origin);
  output_.put(piece.text);
  output_.put('\n');
}

void TextPrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (piece.begins) {
    end_row();
    context_ = std::exchange(next_is_context_, false);
    if (plain_ && piece.ends) return put_plain_row(origin, piece);
  }
  if (style_.only) {
    put_only(origin, piece);
  } else {
    if (piece.begins || row_of_ != &origin) begin_row(origin, piece.time);
    put_line(piece.text, piece.begins && piece.ends);
  }
  if (piece.ends) end_row();
}

bool TextPrinter::event(const Origin& origin, const store::Event& event) {
  if (event.kind == store::EventKind::LineEnded || style_.only || style_.bare)
    return false;
  end_row();
  if (style_.colour) output_.put(kDim);
  output_.put(time_.show(event.time));
  output_.put(' ');
  const std::string label = make_label(origin, event.instance);
  output_.put(label);
  for (size_t i = label.size(); i < label_width_; ++i) output_.put(' ');
  output_.put(" \u00b7 ");
  sanitizer_.begin(style_.colour, style_.colour ? kDim : "");
  put_text(store::describe_event(event));
  scratch_.clear();
  sanitizer_.end(scratch_);
  output_.put(scratch_);
  if (style_.colour) output_.put(kReset);
  output_.put('\n');
  return true;
}

void TextPrinter::gap() {
  if (style_.only) return;
  end_row();
  if (style_.colour) output_.put(kDim);
  output_.put("--");
  if (style_.colour) output_.put(kReset);
  output_.put('\n');
}

void TextPrinter::end_row() {
  if (row_of_ == nullptr) return;
  row_of_ = nullptr;
  if (style_.terminal) {
    scratch_.clear();
    sanitizer_.end(scratch_);
    if (cut_) scratch_ += "\u2026 (--full shows the rest)";
    if (context_ && style_.colour) scratch_ += kReset;
    output_.put(scratch_);
  }
  output_.put('\n');
}

void TextPrinter::settle() {
  end_row();
  output_.flush();
  time_.learn_today();
}

}  // namespace query
