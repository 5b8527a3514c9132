#include "capture/line_arbiter.h"

#include <algorithm>

namespace capture {

void LineArbiter::attach(uint64_t source, base::MonoTime) {
  entries_.push_back({.source = source, .ended = false, .since = {}});
}

void LineArbiter::resume_line(uint64_t source, base::MonoTime now) {
  owner_ = source;
  owner_active_ = now;
}

void LineArbiter::more(uint64_t source, base::MonoTime now) {
  Entry* const entry = find(source);
  if (entry != nullptr && !entry->since) entry->since = now;
}

void LineArbiter::end(uint64_t source) {
  if (Entry* const entry = find(source)) entry->ended = true;
}

void LineArbiter::emptied(uint64_t source) {
  if (Entry* const entry = find(source)) entry->since.reset();
}

void LineArbiter::forget(uint64_t source) {
  std::erase_if(entries_, [&](const Entry& e) { return e.source == source; });
}

LineArbiter::Entry* LineArbiter::find(uint64_t source) {
  for (auto& entry : entries_)
    if (entry.source == source) return &entry;
  return nullptr;
}

// How many of the bytes may pass in a file that is free.
size_t LineArbiter::passable(const Entry& entry, std::string_view bytes,
                             base::MonoTime now) const {
  const Whole whole = shared() ? std::max(whole_, Whole::Briefly) : whole_;
  if (whole == Whole::No || bytes.empty()) return bytes.size();
  const size_t newline = bytes.rfind('\n');
  if (newline != bytes.npos) return newline + 1;
  const bool waited =
      whole == Whole::Briefly && entry.since && now >= *entry.since + kHoldTime;
  return entry.ended || finishing_ || waited || bytes.size() > kMaxHeld
             ? bytes.size()
             : 0;
}

std::optional<LineArbiter::Grant> LineArbiter::next(const Waiting& waiting,
                                                    base::MonoTime now) const {
  if (owner_) {
    const auto owner = std::ranges::find(entries_, *owner_, &Entry::source);
    const bool there = owner != entries_.end();
    if (there) {
      const auto bytes = waiting.waiting(*owner_);
      size_t size = bytes.size();
      if (!bytes.empty() && (shared() || whole_ != Whole::No)) {
        const size_t newline = bytes.rfind('\n');
        if (newline != bytes.npos) size = newline + 1;
      }
      if (size > 0) return Grant{*owner_, size, false};
    }
    const auto until = owner_until();
    const bool others = std::ranges::any_of(entries_, [&](const Entry& e) {
      return e.source != *owner_ && e.since.has_value();
    });
    if (!there || owner->ended || (finishing_ && others) ||
        (until && now >= *until))
      return Grant{*owner_, 0, true};
    return std::nullopt;
  }
  // Complete lines first: one that may open a line would keep them waiting.
  // Of these, who has waited longest.
  std::optional<Grant> best;
  bool best_whole = false;
  base::MonoTime best_since;
  for (const auto& entry : entries_) {
    if (!entry.since) continue;
    const auto bytes = waiting.waiting(entry.source);
    const size_t size = passable(entry, bytes, now);
    if (size == 0) continue;
    const bool whole = bytes[size - 1] == '\n';
    if (best && (best_whole > whole ||
                 (best_whole == whole && best_since <= *entry.since)))
      continue;
    best = Grant{entry.source, size, false};
    best_whole = whole;
    best_since = *entry.since;
  }
  return best;
}

void LineArbiter::took(uint64_t source, bool open, bool left,
                       base::MonoTime now) {
  if (Entry* const entry = find(source)) {
    if (left)
      entry->since = now;
    else
      entry->since.reset();
  }
  if (open) {
    owner_ = source;
    owner_active_ = now;
  } else if (owner_ == source || !owner_) {
    owner_.reset();
  }
}

std::optional<base::MonoTime> LineArbiter::deadline() const {
  if (owner_) return owner_until();
  std::optional<base::MonoTime> first;
  if (whole_ == Whole::Always || (whole_ == Whole::No && !shared()))
    return first;
  for (const auto& entry : entries_) {
    if (!entry.since) continue;
    const auto due = *entry.since + kHoldTime;
    if (!first || due < *first) first = due;
  }
  return first;
}

// When the owner will have kept others waiting in silence for too long.
std::optional<base::MonoTime> LineArbiter::owner_until() const {
  std::optional<base::MonoTime> waiting;
  for (const auto& other : entries_) {
    if (other.source == *owner_ || !other.since) continue;
    if (!waiting || *other.since < *waiting) waiting = *other.since;
  }
  if (!waiting) return std::nullopt;
  return std::max(*waiting, owner_active_) + kOwnerSilence;
}

}  // namespace capture
