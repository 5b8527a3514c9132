#include "query/context.h"

#include <limits>

namespace query {
namespace {

constexpr size_t kMostHeldEvents = 256;
// Room that is kept for the next line.
constexpr size_t kSpareSize = size_t{64} << 10;
constexpr size_t kSpares = 64;

}  // namespace

Context::Group& Context::group_of(const Origin& origin) {
  if (last_origin_ == &origin) return *last_group_;
  const auto key = options_.whole_flow ? std::pair(std::string(), 0)
                                       : std::pair(origin.app, origin.instance);
  last_origin_ = &origin;
  last_group_ = &groups_[key];
  return *last_group_;
}

void Context::set_owed(Group& group, uint64_t lines) {
  owing_ -= group.owed > 0 ? 1 : 0;
  owing_ += lines > 0 ? 1 : 0;
  group.owed = lines;
}

void Context::drop_oldest(Group& group) {
  std::string& text = group.before.front().text;
  if (spare_.size() < kSpares && text.capacity() <= kSpareSize)
    spare_.push_back(std::move(text));
  group.before.pop_front();
}

void Context::hold(Group& group, const Origin& origin, const FoundLine& line) {
  if (group.before.size() >= options_.before) {
    group.left_out = true;
    if (options_.before == 0) return;
    drop_oldest(group);
  }
  HeldLine held{place_, &origin, line.time, {}, line.ends};
  if (!spare_.empty()) {
    held.text = std::move(spare_.back());
    spare_.pop_back();
  }
  held.text.assign(line.text);
  group.before.push_back(std::move(held));
}

// A group that goes on where it was left needs no `--`, nor does another one
// when neither has left out anything.
void Context::begin_block(Group& group) {
  if (shown_ != nullptr && options_.parted) {
    const bool other_goes_on =
        shown_ != &group && (shown_->left_out || !shown_->before.empty());
    if (group.left_out || other_goes_on) printer_.gap();
  }
  group.left_out = false;
  shown_ = &group;
}

void Context::show(const Origin& origin, const FoundLine& line) {
  if (!line.match) printer_.next_is_context();
  store::Piece piece;
  piece.time = line.time;
  piece.text = line.text;
  piece.begins = true;
  piece.ends = line.ends;
  printer_.piece(origin, piece);
}

void Context::show_events_before(uint64_t place) {
  while (!events_.empty() && events_.front().place < place) {
    printer_.event(*events_.front().origin, events_.front().event);
    events_.pop_front();
  }
}

void Context::show_held_lines(Group& group) {
  while (!group.before.empty()) {
    const HeldLine& held = group.before.front();
    show_events_before(held.place);
    show(*held.origin, {held.time, held.text, held.ends, false});
    drop_oldest(group);
  }
}

void Context::line(const Origin& origin, const FoundLine& line) {
  if (!line.match && !needs_others()) return;
  ++place_;
  Group& group = group_of(origin);
  if (!line.match && group.owed == 0) {
    hold(group, origin, line);
    return;
  }
  begin_block(group);
  if (line.match) show_held_lines(group);
  show_events_before(place_);
  show(origin, line);
  set_owed(group, line.match ? options_.after : group.owed - 1);
}

void Context::event(const Origin& origin, const store::Event& event) {
  if (options_.before == 0) {
    printer_.event(origin, event);
    return;
  }
  events_.push_back({++place_, &origin, event});
  if (events_.size() > kMostHeldEvents)
    show_events_before(events_.front().place + 1);
}

void Context::settle() {
  show_events_before(std::numeric_limits<uint64_t>::max());
  printer_.settle();
}

}  // namespace query
