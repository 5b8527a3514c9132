#include "query/raw_printer.h"

#include <limits>

namespace query {

void LineEndings::add(const store::Event& event) {
  if (event.kind != store::EventKind::LineEnded || !event.line || !event.stream)
    return;
  const Kind kind =
      *event.stream == store::Stream::Out ? Kind::Out : Kind::Error;
  lines_.emplace(event.line->us, event.app, std::max(event.instance, 0), kind);
}

bool LineEndings::contains(const Origin& origin, base::Timestamp line) const {
  if (lines_.empty()) return false;
  // No two batches have one stamp: it tells the batch, whoever wrote it.
  if (origin.shared) {
    const auto at = lines_.lower_bound(
        Key{line.us, origin.app, std::numeric_limits<int>::min(), Kind::Out});
    return at != lines_.end() && std::get<0>(*at) == line.us &&
           std::get<1>(*at) == origin.app;
  }
  return lines_.contains(
      Key{line.us, origin.app, std::max(origin.instance, 0), origin.kind});
}

// Decides about the '\n' that waits, now that the next piece is known.
void RawPrinter::end_line(const Origin& next, const store::Piece& piece) {
  if (newline_waits_) {
    const bool added = last_ == &next && piece.time != last_time_ &&
                       last_time_ && endings_.contains(*last_, *last_time_);
    if (!added) output_.put('\n');
  } else if (last_ != nullptr && last_ != &next) {
    output_.put('\n');  // another stream never goes on in this one's line
  }
  newline_waits_ = false;
}

void RawPrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (last_ != &origin || newline_waits_) end_line(origin, piece);
  output_.put(piece.text);
  last_ = &origin;
  last_time_ = piece.time;
  newline_waits_ = piece.ends;
}

bool RawPrinter::event(const Origin& origin, const store::Event& event) {
  (void)origin;
  endings_.add(event);
  return false;
}

void RawPrinter::settle() {
  const bool in_doubt =
      newline_waits_ && last_time_ && endings_.contains(*last_, *last_time_);
  if (newline_waits_ && !in_doubt) {
    output_.put('\n');
    newline_waits_ = false;
    last_ = nullptr;
  }
  output_.flush();
}

void RawLinePrinter::piece(const Origin& origin, const store::Piece& piece) {
  (void)origin;
  output_.put(piece.text);
  output_.put('\n');
}

LineEndings find_line_endings(const std::vector<Origin>& origins,
                              Problems& problems) {
  LineEndings endings;
  read_events(origins, problems,
              [&](const store::Event& event) { endings.add(event); });
  return endings;
}

}  // namespace query
