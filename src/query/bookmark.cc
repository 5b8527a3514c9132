#include "query/bookmark.h"

#include "base/fs.h"

namespace query {

void Bookmark::next_is_context() {
  is_context_ = true;
  next_.next_is_context();
}

void Bookmark::piece(const Origin& origin, const store::Piece& piece) {
  next_.piece(origin, piece);
  // Where the lines of context lie is not known any more.
  if (piece.ends && piece.time && !is_context_)
    if (const auto* source = reading_.find(origin)) at_ = source->cursor();
  if (piece.ends) is_context_ = false;
}

void Bookmark::settle() {
  next_.settle();
  if (!at_ || !next_.wants_more()) return;
  auto written = base::fs::replace_file(path_, format_cursor(*at_) + "\n");
  // It must not end the reading of logs, but the next run will begin too early.
  if (!written)
    reading_.problems().push_back(
        std::move(written.error()).with_context("--cursor-file"));
  at_.reset();
}

}  // namespace query
