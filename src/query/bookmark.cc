#include "query/bookmark.h"

#include <algorithm>
#include <utility>
#include <vector>

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
    if (const auto* source = reading_.find(origin)) move_to(*source);
  if (piece.ends) is_context_ = false;
}

void Bookmark::move_to(const Source& source) {
  Cursor place = source.cursor();
  const auto at = [](const Cursor& cursor) {
    return std::pair(cursor.sequence, cursor.offset);
  };
  const auto [own, is_first] = shown_of_.try_emplace(&source, place);
  if (!is_first && (!reading_.query().reverse || at(place) > at(own->second)))
    own->second = place;
  // Of lines that are shown backward the first is behind all others.
  const bool is_behind =
      !reading_.query().reverse || !shown_ || place.time > at_->time;
  shown_ = true;
  if (!is_behind) return;
  place.events = at_ ? at_->events : base::Timestamp{};
  at_ = std::move(place);
  moved_ = true;
}

bool Bookmark::event(const Origin& origin, const store::Event& event) {
  if (!next_.event(origin, event)) return false;
  if (!at_)
    at_ = Cursor{.time = event.time,
                 .app = origin.app,
                 .instance = origin.instance,
                 .kind = Kind::Events};
  at_->events = std::max(at_->events, event.time);
  if (at_->kind == Kind::Events) at_->time = at_->events;
  moved_ = true;
  return true;
}

void Bookmark::settle() {
  next_.settle();
  if (!moved_ || !next_.wants_more()) return;
  std::vector<Cursor> cursors{*at_};
  for (const auto& source : reading_.sources()) {
    const auto shown = shown_of_.find(source.get());
    if (shown != shown_of_.end() && !at_->is_of(source->origin()))
      cursors.push_back(shown->second);
  }
  auto written = base::fs::replace_file(path_, format_cursors(cursors));
  // It must not end the reading of logs, but the next run will begin too early.
  if (!written)
    reading_.problems().push_back(
        std::move(written.error()).with_context("--cursor-file"));
  moved_ = false;
}

}  // namespace query
