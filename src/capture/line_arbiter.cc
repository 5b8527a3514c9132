#include "capture/line_arbiter.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace capture {

void LineArbiter::attach(uint64_t source, base::MonoTime now) {
  entries_.push_back({.source = source,
                      .ended = false,
                      .held = {},
                      .stamp = {},
                      .since = now});
}

void LineArbiter::resume_line(uint64_t source, base::MonoTime now) {
  assert(!owner_);
  owner_ = source;
  owner_active_ = now;
}

void LineArbiter::feed(uint64_t source, std::string_view bytes,
                       base::Timestamp stamp, base::MonoTime now,
                       Output& output) {
  if (bytes.empty()) return;
  Entry& from = entry(source);
  if (owner_ && owner_ != source) {
    hold(from, bytes, stamp, now);
    return;
  }
  if (entries_.size() == 1) {  // what nearly every file is: no one to wait for
    write(from, bytes, stamp, now, output);
    return;
  }
  const size_t newline = bytes.rfind('\n');
  const size_t whole = newline == bytes.npos ? 0 : newline + 1;
  if (owner_ && whole == 0) {  // the owner's line goes on
    write(from, bytes, stamp, now, output);
    return;
  }
  if (whole > 0) {
    if (!from.held.empty()) write_held(from, from.held.size(), now, output);
    write(from, bytes.substr(0, whole), stamp, now, output);
  }
  if (whole < bytes.size()) hold(from, bytes.substr(whole), stamp, now);
  release(now, output);
}

void LineArbiter::end(uint64_t source, base::MonoTime now, Output& output) {
  entry(source).ended = true;
  if (owner_ == source) {
    output.end_line(source);
    owner_.reset();
  }
  release(now, output);
}

void LineArbiter::tick(base::MonoTime now, Output& output) {
  if (const auto until = owner_until(); until && now >= *until) {
    output.end_line(*owner_);
    owner_.reset();
  }
  release(now, output);
}

void LineArbiter::finish(base::MonoTime now, Output& output) {
  for (;;) {
    release(now, output);
    const auto waiting =
        std::find_if(entries_.begin(), entries_.end(),
                     [](const Entry& e) { return !e.held.empty(); });
    if (waiting == entries_.end()) return;
    if (owner_) {
      output.end_line(*owner_);
      owner_.reset();
      continue;
    }
    write_held(*waiting, waiting->held.size(), now, output);
  }
}

size_t LineArbiter::room(uint64_t source) const {
  const Entry* const from = find(source);
  if (from == nullptr || from->ended) return 0;
  if (!owner_ || owner_ == source) return std::numeric_limits<size_t>::max();
  return from->held.size() < kMaxHeld ? kMaxHeld - from->held.size() : 0;
}

std::optional<base::MonoTime> LineArbiter::deadline() const {
  if (owner_) return owner_until();
  std::optional<base::MonoTime> first;
  for (const auto& held : entries_) {
    if (held.held.empty()) continue;
    const auto due = held.since + kHoldTime;
    if (!first || due < *first) first = due;
  }
  return first;
}

LineArbiter::Entry& LineArbiter::entry(uint64_t source) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(),
                   [&](const Entry& e) { return e.source == source; });
  assert(found != entries_.end());
  return *found;
}

const LineArbiter::Entry* LineArbiter::find(uint64_t source) const {
  for (const auto& known : entries_)
    if (known.source == source) return &known;
  return nullptr;
}

// When the owner will have kept others waiting in silence for too long.
std::optional<base::MonoTime> LineArbiter::owner_until() const {
  if (!owner_) return std::nullopt;
  std::optional<base::MonoTime> waiting;
  for (const auto& other : entries_) {
    if (other.source == *owner_ || other.held.empty()) continue;
    if (!waiting || other.since < *waiting) waiting = other.since;
  }
  if (!waiting) return std::nullopt;
  return std::max(*waiting, owner_active_) + kOwnerSilence;
}

void LineArbiter::hold(Entry& into, std::string_view bytes,
                       base::Timestamp stamp, base::MonoTime now) {
  if (into.held.empty()) {
    into.stamp = stamp;
    into.since = now;
  }
  into.held.append(bytes);
}

void LineArbiter::write(Entry& from, std::string_view bytes,
                        base::Timestamp stamp, base::MonoTime now,
                        Output& output) {
  output.write(from.source, bytes, stamp);
  if (bytes.back() == '\n') {
    owner_.reset();
    return;
  }
  owner_ = from.source;
  owner_active_ = now;
}

void LineArbiter::write_held(Entry& from, size_t size, base::MonoTime now,
                             Output& output) {
  write(from, std::string_view(from.held).substr(0, size), from.stamp, now,
        output);
  if (size < from.held.size()) {
    from.held.erase(0, size);
    from.since = now;
    return;
  }
  // Freed, not cleared: hundreds of sources may have held something once.
  std::string().swap(from.held);
}

void LineArbiter::release(base::MonoTime now, Output& output) {
  do forget_ended();  // who is left alone need not wait for anybody
  while (!owner_ && release_one(now, output));
}

// Lets the source that has waited longest write what it may write now.
bool LineArbiter::release_one(base::MonoTime now, Output& output) {
  Entry* next = nullptr;
  size_t next_size = 0;
  for (auto& waiting : entries_) {
    if (waiting.held.empty()) continue;
    const size_t newline = waiting.held.rfind('\n');
    size_t size = newline == std::string::npos ? 0 : newline + 1;
    // Complete lines first: one that may open a line would keep them waiting.
    if (size == 0 &&
        (waiting.ended || entries_.size() == 1 ||
         waiting.held.size() > kMaxHeld || now >= waiting.since + kHoldTime))
      size = waiting.held.size();
    if (size == 0) continue;
    const bool whole = newline != std::string::npos;
    const bool next_whole =
        next != nullptr && next->held[next_size - 1] == '\n';
    if (next != nullptr &&
        (next_whole > whole ||
         (next_whole == whole && next->since <= waiting.since)))
      continue;
    next = &waiting;
    next_size = size;
  }
  if (next == nullptr) return false;
  write_held(*next, next_size, now, output);
  if (owner_ && next->ended) {
    output.end_line(next->source);
    owner_.reset();
  }
  return true;
}

void LineArbiter::forget_ended() {
  std::erase_if(entries_,
                [](const Entry& e) { return e.ended && e.held.empty(); });
}

}  // namespace capture
