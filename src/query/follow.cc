#include "query/follow.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/fs.h"

namespace query {
namespace {

using std::chrono::milliseconds;

// Events that come together are drained together.
constexpr milliseconds kTick{5};
// A line that has not ended is shown when nothing was added for so long.
constexpr milliseconds kSilence{1000};
// So often records that got nothing more are shown. What writes a trace writes
// it within that.
constexpr milliseconds kRelease{150};
// inotify may overflow, and tells nothing of a directory made anew.
constexpr milliseconds kSafetyPoll{1000};
constexpr milliseconds kBlindPoll{250};
// So many files are looked at before we are told which have changed.
constexpr size_t kFew = 4;
constexpr size_t kMostProblems = 100;
// Of so many files the buffers are kept.
constexpr size_t kMostBuffers = 16;

milliseconds left(base::MonoTime since, milliseconds whole,
                  base::MonoTime now) {
  const auto gone = std::chrono::duration_cast<milliseconds>(now - since);
  return std::clamp(whole - gone, milliseconds{0}, whole);
}

// It may have to wait until the processor is free that we woke it on. What
// comes after the files is looked for later.
void let_reader_go_first() {
  std::this_thread::yield();
}

}  // namespace

Follower::Follower(base::EventLoop& loop, Reading& reading, Printer& printer,
                   FollowOptions options)
    : loop_(loop),
      reading_(reading),
      printer_(printer),
      options_(std::move(options)),
      tick_(loop, [this] { drain(); }),
      look_(loop, [this] { look(); }),
      release_(loop, [this] { release(); }),
      silence_(loop,
               [this] {
                 on_poll();
                 drain_soon();
               }),
      poll_(loop, [this] {
        watch();
        catalog_dirty_ = true;
        note_epoch();
        on_poll();
        drain_soon();
      }) {
  if (!options_.epoch) options_.epoch = store::EpochHold::join(options_.dir);
  dirs_.insert(options_.dir);
  for (const auto& source : reading_.sources()) adopt(*source);
}

Follower::Tail& Follower::adopt(Source& source) {
  tail_by_path_[source.origin().path] = tails_.size();
  dirs_.insert(base::fs::dir_name(source.origin().path));
  Tail& tail = tails_.emplace_back();
  tail.source = &source;
  tail.size = source.reader().offset();
  tail.newest = source.newest();
  tail.grown = clock_.mono();
  return tail;
}

void Follower::start() {
  watch();
  note_epoch();
  drain();
}

void Follower::watch() {
  for (const auto& dir : dirs_) {
    if (watches_.contains(dir)) continue;
    auto opened = base::DirWatch::open(
        loop_, dir,
        [this, &dir](std::string_view name) { on_change(dir, name); },
        [this] { drain_soon(); }, [this] { show_early(); });
    if (opened) watches_.emplace(dir, std::move(*opened));
  }
  poll_.start(watches_.size() < dirs_.size() ? kBlindPoll : kSafetyPoll);
}

void Follower::on_change(const std::string& dir, std::string_view name) {
  if (name.empty()) {
    catalog_dirty_ = true;
    note_epoch();
    on_poll();
    return;
  }
  if (name == store::kCatalogName && dir == options_.dir) {
    catalog_dirty_ = true;
    due_ = true;
  }
  if (name == store::kEpochName && dir == options_.dir) asked_ = due_ = true;
  path_.assign(dir);
  if (!path_.ends_with('/')) path_ += '/';
  path_ += name;
  const auto at = tail_by_path_.find(path_);
  if (at == tail_by_path_.end()) return;
  tails_[at->second].dirty = true;
  due_ = true;
}

void Follower::note_epoch() {
  asked_ = !options_.epoch || !options_.epoch->is_present();
}

void Follower::on_poll() {
  for (auto& tail : tails_) tail.dirty = true;
  due_ = true;
}

// At once, where nothing was drained for a tick: a line that waits for a timer
// waits some microseconds longer.
void Follower::drain_soon() {
  if (!due_ || scheduled_) return;
  const auto wait = left(drained_, kTick, clock_.mono());
  if (wait == milliseconds{0}) return drain();
  scheduled_ = true;
  tick_.start(wait);
}

// What grows is mostly what grew before: it is shown before we are told. All
// are looked at, for what came together is shown in its order. Once in vain,
// not again until one of ours has changed: others may write in the directory.
void Follower::show_early() {
  if (!grows_ || scheduled_ || tails_.size() > kFew ||
      std::ranges::any_of(tails_,
                          [](const Tail& tail) { return tail.source->held(); }))
    return;
  if (left(drained_, kTick, clock_.mono()) > milliseconds{0}) return;
  ready_.clear();
  for (auto& tail : tails_) {
    if (!tail.source->is_open()) continue;
    const auto end = tail.source->reader().read_to_end();
    if (!end) return;  // drain() tells
    if (*end)
      allow(tail, **end);
    else if (!tail.source->reader().has_unread() || !measure(tail))
      continue;
    ready_.push_back(tail.source);
  }
  grows_ = !ready_.empty();
  if (!grows_) return;
  give_ready();
  let_reader_go_first();
  drained_ = clock_.mono();
  if (!printer_.wants_more()) loop_.stop();
}

void Follower::tell_problems() {
  for (const auto& problem : reading_.problems())
    if (options_.on_problem && told_.size() < kMostProblems &&
        told_.insert(problem.message).second)
      options_.on_problem(problem);
  reading_.problems().clear();
}

// Sets how far the source may read now. True when it should be read.
bool Follower::measure(Tail& tail) {
  Source& source = *tail.source;
  if (!source.is_open()) return false;
  auto size = source.read_size();
  if (!size) {
    reading_.problems().push_back(std::move(size.error()));
    return false;
  }
  if (*size < source.reader().offset()) {
    source.reader().restart(&source.log());
    tail.size = 0;
  } else if (*size < tail.size) {
    source.reader().forget();
  }
  allow(tail, *size);
  return true;
}

void Follower::allow(Tail& tail, uint64_t size) {
  const auto now = clock_.mono();
  if (size != tail.size) tail.grown = now;
  tail.size = size;
  tail.source->allow(size, options_.bytes || now - tail.grown >= kSilence);
}

// Without a live file only the list of segments tells that there was one: it is
// read again when it may be another.
bool Follower::archive_changed(Tail& tail) {
  const Origin& origin = tail.source->origin();
  if (!origin.owner) return false;
  const auto now = base::fs::stat(
      store::archive_dir(base::fs::dir_name(origin.path), origin.owner->app));
  if (!now) return false;
  const auto changed = now->st_mtim;
  // Two changes within a tick of the file system's clock look like one.
  const bool settled =
      clock_.now().us / 1'000'000 - int64_t{changed.tv_sec} > 1;
  const bool same = changed.tv_sec == tail.listed.tv_sec &&
                    changed.tv_nsec == tail.listed.tv_nsec;
  tail.listed = settled ? changed : timespec{};
  return !same;
}

void Follower::find_successors(Tail& tail) {
  Source& source = *tail.source;
  const std::string& path = source.origin().path;
  const auto now = base::fs::stat(path);
  if (now && source.is_open() && source.is_file(*now)) return;
  if (!now && !archive_changed(tail)) return;
  auto history = take_history(source.origin(), tail.newest);
  if (!history) {
    tail.listed = {};
    reading_.problems().push_back(std::move(history.error()));
    return;
  }
  if (history->live && source.is_open() && source.is_file(history->identity))
    return;
  tail.newest = history->newest;
  auto& segments = history->segments;
  // Ours, if it was sealed, has the least number of them: the others are newer.
  if (source.is_open() && !segments.empty()) {
    auto ours = is_same_log(source.log(), source.identity(), segments.front());
    if (!ours)
      reading_.problems().push_back(std::move(ours.error()));
    else if (*ours)
      segments.erase(segments.begin());
  }
  tail.segments.assign(std::make_move_iterator(segments.begin()),
                       std::make_move_iterator(segments.end()));
  tail.live = std::move(history->live);
  tail.live_identity = history->identity;
}

void Follower::open_successor(Tail& tail) {
  if (tail.segments.empty() && !tail.live) find_successors(tail);
  while (!tail.segments.empty()) {
    auto opened = open_segment(tail.segments.front(), {}, {});
    tail.next_sequence = tail.segments.front().sequence;
    tail.segments.pop_front();
    if (!opened) {
      reading_.problems().push_back(std::move(opened.error()));
      continue;
    }
    if (!opened->log) continue;  // removed meanwhile
    tail.next = std::move(opened->log);
    // Nothing takes its place at its path but what comes after it anyway.
    tail.next_identity = {};
    return;
  }
  tail.next = std::move(tail.live);
  tail.next_identity = tail.live_identity;
  tail.next_sequence = tail.newest + 1;
}

// Our file was read to its end and another has its path: goes on there. A last
// line that has not ended is either copied to the beginning of the new file
// (its stamp tells), and goes on there, or has ended with the old one. False
// when the new file does not tell yet, or the old one is not at its end.
bool Follower::succeed(Tail& tail) {
  Source& source = *tail.source;
  store::LiveReader& reader = source.reader();
  const bool open_line = reader.mid_line() || source.held();
  bool same_line = false;
  if (open_line) {
    const auto there = base::fs::stat(source.origin().path);
    const bool may_grow = there && there->st_dev == tail.next_identity.st_dev &&
                          there->st_ino == tail.next_identity.st_ino;
    auto next = store::read_head(*tail.next, 0);
    if (!next) {
      reading_.problems().push_back(std::move(next.error()));
      return false;
    }
    if (!next->known && may_grow) return false;
    const auto next_stamp = next->stamp;
    std::optional<base::Timestamp> stamp = reader.line_time();
    if (!reader.mid_line()) {
      auto held = reader.next_head();
      stamp = held ? held->stamp : std::nullopt;
    }
    same_line = stamp && next_stamp == stamp;
  }
  if (open_line && !same_line && source.held()) {
    source.allow(source.limit(), true);
    Source* const only[] = {&source};
    merge(only, printer_, reading_.problems());
    printer_.settle();
  }
  source.adopt(std::move(tail.next), tail.next_identity, tail.next_sequence,
               same_line);
  tail.size = 0;
  tail.grown = clock_.mono();
  tail.dirty = true;
  return true;
}

void Follower::show(const std::vector<Tail*>& tails) {
  ready_.clear();
  for (Tail* tail : tails)
    if (measure(*tail)) ready_.push_back(tail->source);
  give_ready();
  if (tails_.size() <= kMostBuffers) return;
  for (Source* source : ready_) source->reader().release_buffer();
}

void Follower::give_ready() {
  merge(ready_, printer_, reading_.problems());
  printer_.settle();
  if (printer_.holds() && !std::exchange(releases_, true))
    release_.start(kRelease);
}

void Follower::release() {
  printer_.release();
  releases_ = printer_.holds();
  if (releases_) release_.start(kRelease);
  if (!printer_.wants_more()) loop_.stop();
}

void Follower::show_dirty() {
  dirty_.clear();
  for (auto& tail : tails_)
    if (std::exchange(tail.dirty, false)) dirty_.push_back(&tail);
  show(dirty_);
  for (Tail* tail : dirty_) tail->looked = false;
}

void Follower::drain() {
  scheduled_ = due_ = false;
  if (catalog_dirty_) replan();
  show_dirty();
  const bool any = !dirty_.empty();
  grows_ = grows_ || any;
  if (any) let_reader_go_first();
  drained_ = clock_.mono();
  if (any && !std::exchange(looking_, true)) look_.start(kTick);
  if (asked_) open_all();
  end_drain();
}

// Goes on in what comes after the files. What was renamed away is written no
// more: what we see of it after that is final. True when one was left: what
// replaced it has lines already.
bool Follower::move_on() {
  dirty_.clear();
  for (auto& tail : tails_) {
    if (std::exchange(tail.looked, true)) continue;
    if (!tail.next) open_successor(tail);
    if (tail.next) dirty_.push_back(&tail);
  }
  if (!dirty_.empty()) show(dirty_);
  bool moved = false;
  for (auto& tail : tails_)
    if (tail.next && succeed(tail)) moved = true;
  return moved;
}

void Follower::look_around() {
  while (printer_.wants_more() && move_on()) show_dirty();
}

void Follower::look() {
  looking_ = false;
  look_around();
  end_drain();
}

// Whoever asks waits until we have left the epoch before.
void Follower::open_all() {
  asked_ = false;
  auto present = store::EpochHold::join(options_.dir);
  for (auto& tail : tails_) tail.looked = false;
  look_around();
  if (present) options_.epoch = std::move(present);
}

void Follower::end_drain() {
  tell_problems();
  if (!printer_.wants_more()) {
    loop_.stop();
    return;
  }
  wait_for_silence();
}

void Follower::wait_for_silence() {
  const auto now = clock_.mono();
  auto wait = kSilence + milliseconds{1};
  for (const auto& tail : tails_)
    if (!tail.source->has_event() && tail.source->held())
      wait = std::min(wait, left(tail.grown, kSilence, now));
  if (wait <= kSilence)
    silence_.start(wait + milliseconds{1});
  else
    silence_.stop();
}

void Follower::replan() {
  catalog_dirty_ = false;
  if (!options_.replan) return;
  const auto now =
      base::fs::stat(base::fs::join(options_.dir, store::kCatalogName));
  if (!now || (now->st_ino == catalog_.st_ino &&
               now->st_mtim.tv_sec == catalog_.st_mtim.tv_sec &&
               now->st_mtim.tv_nsec == catalog_.st_mtim.tv_nsec))
    return;
  auto plan = options_.replan();
  // Being replaced, or what was named is gone for now: the next poll asks
  // again.
  if (!plan) return;
  catalog_ = *now;
  for (const auto& origin : plan->origins) {
    const auto known = tail_by_path_.find(origin.path);
    if (known != tail_by_path_.end())
      tails_[known->second].source->relabel(origin);
    else
      adopt(reading_.add(origin));
  }
  printer_.widen(reading_.label_width());
  watch();  // new files may lie in other directories
}

}  // namespace query
