#include "query/template_printer.h"

namespace query {

void TemplatePrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (line_of_ != nullptr && (piece.begins || line_of_ != &origin)) end();
  line_of_ = &origin;
  time_ = piece.time;
  text_.append(piece.text);
  if (piece.ends) end();
}

void TemplatePrinter::end() {
  row_.clear();
  template_.append(*line_of_, time_, text_, style_.zone,
                   style_.time ? &*style_.time : nullptr, row_);
  if (style_.terminal) {
    shown_.clear();
    sanitizer_.add(row_, shown_);
    sanitizer_.end(shown_);
    output_.put(shown_);
  } else {
    output_.put(row_);
  }
  output_.put('\n');
  line_of_ = nullptr;
  // Don't keep the room of one long line for ever.
  if (text_.capacity() > (size_t{1} << 20)) text_ = row_ = shown_ = {};
  text_.clear();
}

bool TemplatePrinter::event(const Origin& origin, const store::Event& event) {
  (void)origin;
  (void)event;
  return false;
}

void TemplatePrinter::gap() {
  if (line_of_ != nullptr) end();
  output_.put("--\n");
}

void TemplatePrinter::settle() {
  if (line_of_ != nullptr) end();
  output_.flush();
}

}  // namespace query
