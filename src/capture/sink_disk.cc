// The disk side of a sink: which operation is next, and what came of it.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "capture/sink.h"
#include "capture/steps.h"

namespace capture {
namespace {

using base::Millis;
using base::MonoTime;

constexpr Millis kHeld{1};
constexpr Millis kFirstRetry{50};
constexpr Millis kLastRetry{400};
constexpr Millis kCheckPath{500};
constexpr Millis kPatience{10'000};  // with a full disk
constexpr Millis kSlowFor{3'000};    // after the last slow operation
constexpr Millis kSlow{20};
constexpr Millis kTellEvery{1'000};  // about what is dropped

// What may wait in memory of each source while its file is slow, or full.
constexpr size_t kSlowQueue = size_t{256} << 10;
constexpr size_t kFullQueue = size_t{64} << 10;

bool is_full(const base::Error& error) {
  return error.sys_errno == ENOSPC || error.sys_errno == EDQUOT;
}

}  // namespace

bool Sink::prepare() {
  const MonoTime now = bench_.clock.mono();
  held_until_.reset();
  if (tell_at_ && now >= *tell_at_) tell_dropped();
  expire(now);
  if (busy_) {
    rearm(now);
    return false;
  }
  if (moved_head_ && prepare_taking_away()) return true;
  if (is_too_young()) spare_young();
  if (file_.is_open() && seal_asks_.wanted())
    seal_asks_.judge(file_.file().size(), file_.begun());
  if (dropping()) drop_rest();
  const bool may_try = !retry_at_ || now >= *retry_at_;
  bool ready = false;
  if (discards_) {
    if (replacing_) replaced();
    ready = prepare_lines(now);
  } else if (!file_.is_open()) {
    ready = may_try && needs_file();
    if (ready) begin_open();
  } else if (leaving_) {
    auto& op = begin(SinkFile::Kind::Leave);
    // The head stays in the file that left; its rest begins a line of its own.
    if (std::exchange(end_line_first_, false)) {
      op.bytes = "\n";
      note_line_ended(*arbiter_.owner(), op);
    }
    leaving_ = false;
    ready = true;
  } else if (looking_ && !looking_->checked) {
    begin(SinkFile::Kind::Check);
    looking_->checked = true;
    ready = true;
  } else if (now >= checked_at_ + kCheckPath &&
             (replacing_ || !rest_.empty() || retry_at_ || full_since_ ||
              std::ranges::any_of(sources_, [](const Source* source) {
                return !source->waiting().empty();
              }))) {
    begin(SinkFile::Kind::Check);
    ready = true;
  } else if (may_replace(now)) {
    ready = prepare_taking_away();
  } else if (!may_try) {
    ready = false;
  } else if (!rest_.empty() && !(suspect_ && may_seal(now))) {
    begin_write();
    ready = true;
  } else if (may_seal(now) && (suspect_ || (!mid_line_ && seal_due()))) {
    if (bench_.observer.takes_segments())
      ready = prepare_taking_away();
    else
      held_until_ = now + kHeld;
  } else {
    ready = prepare_lines(now);
  }
  if (!ready) rearm(now);
  return ready;
}

SinkFile::Op& Sink::begin(SinkFile::Kind kind) {
  busy_ = true;
  return file_.begin(kind);
}

void Sink::begin_write() {
  auto& op = begin(SinkFile::Kind::Write);
  op.bytes = rest_;
  op.stamp = last_stamp_;
  if (unnoted_) note_line_ended(*unnoted_, op);
}

void Sink::settle(MonoTime::duration took) {
  busy_ = elsewhere_ = false;
  if (slow() && took > kSlow) slow_until_ = bench_.clock.mono() + kSlowFor;
  switch (file_.op().kind) {
    case SinkFile::Kind::None:
      break;
    case SinkFile::Kind::Open:
      opened();
      break;
    case SinkFile::Kind::Write:
      wrote();
      break;
    case SinkFile::Kind::Check:
      checked();
      break;
    case SinkFile::Kind::Leave:
      device_ = inode_ = 0;
      begin_anew();
      break;
    case SinkFile::Kind::Head:
      headed();
      break;
    case SinkFile::Kind::Replace:
      replaced();
      break;
    case SinkFile::Kind::Seal:
      sealed();
      break;
  }
  if (file_.is_open()) {
    state_.size = file_.file().size();
    state_.begun = file_.begun();
    state_.device = device_;
  }
  rearm(bench_.clock.mono());
}

size_t Sink::room(const Source& source) const {
  if (discards_ || dropping()) return Spool::kIntakeSize;
  if (busy_)
    return slow() && source.queue_size() < kSlowQueue ? Spool::kIntakeSize : 0;
  if (blocked() || retry_at_) return 0;
  const auto owner = arbiter_.owner();
  if (!owner || *owner == source.key() || !arbiter_.shared())
    return Spool::kIntakeSize;
  return LineArbiter::kMaxHeld -
         std::min(source.queue_size(), LineArbiter::kMaxHeld);
}

bool Sink::idle() const {
  return !writes() && !busy_ && !looking_ && !seal_asks_.waiting() &&
         !(seal_asks_.wanted() && file_.is_open());
}

bool Sink::slow() const {
  return elsewhere_ || (slow_until_ && bench_.clock.mono() < *slow_until_);
}

void Sink::set_slow() {
  slow_until_ = bench_.clock.mono() + kSlowFor;
  if (!busy_) return;
  elsewhere_ = true;
  if (!rest_in_bench_) return;
  bench_.spool.free(own_out_);
  own_out_ = std::exchange(bench_.out, {});
  rest_in_bench_ = false;
}

// --- writing -----------------------------------------------------------------

void Sink::wrote() {
  const auto& op = file_.op();
  if (op.written > 0) {
    disk_mid_line_ = op.bytes[op.written - 1] != '\n';
    unsynced_.live = true;
    state_.written += op.written;
  }
  rest_.remove_prefix(op.written);
  unnoted_.reset();
  if (rest_.empty()) return write_done();
  refused(op.status.error());
}

void Sink::write_done() {
  file_has_all();
  told_.reset();
  // Nobody of its sources could be heard meanwhile.
  if (retry_at_) arbiter_.renew_owner(bench_.clock.mono());
  retry_at_.reset();
  set_full(false);
}

void Sink::file_has_all() {
  SinkEntry& entry = bench_.spool.sink(entry_);
  entry.done.store(entry.writes.sequence(), std::memory_order_release);
  step("write done");
  rest_ = {};
  rest_in_bench_ = false;
  // A thread that hung in a write of ours may have left its buffer with us.
  if (own_out_ && (!slow() || own_out_.size < kOutSize))
    bench_.spool.free(std::exchange(own_out_, {}));
}

void Sink::refused(const base::Error& error) {
  const MonoTime now = bench_.clock.mono();
  trouble(error);
  if (is_full(error)) set_full(true);
  // What the disk had of this file may be gone; it gets nothing more.
  if (error.sys_errno == EIO && file_.op().kind == SinkFile::Kind::Write &&
      !discards_)
    suspect_ = true;
  if (rest_in_bench_) move_rest("");
  retry_delay_ =
      retry_at_ ? std::min(2 * retry_delay_, kLastRetry) : kFirstRetry;
  retry_at_ = now + retry_delay_;
  if (dropping()) drop_rest();
}

// What could not be written goes to memory of its own, behind `before`, and is
// announced anew for the file as it is now.
void Sink::move_rest(std::string_view before) {
  SinkRecord record = next_record();
  record.untried = 1;
  move_rest(before, record);
}

void Sink::move_rest(std::string_view before, SinkRecord record) {
  auto extent = bench_.spool.allocate(before.size() + rest_.size());
  if (!extent) throw std::bad_alloc();
  before.copy(bench_.spool.at(extent->at), before.size());
  rest_.copy(bench_.spool.at(extent->at + before.size()), rest_.size());
  record.out_at = extent->at;
  record.out_size = before.size() + rest_.size();
  commit(record);
  bench_.spool.free(std::exchange(own_out_, *extent));
  rest_ = bench_.spool.view(record.out_at, record.out_size);
  rest_in_bench_ = false;
}

// Whether what can't be written is dropped.
bool Sink::dropping() const {
  if (full_since_)
    return options_.on_full == SinkOptions::OnFull::Drop &&
           bench_.clock.mono() >= *full_since_ + kPatience;
  if (options_.overflow != SinkOptions::Overflow::Drop) return false;
  return busy_ ? slow() : blocked() || retry_at_;
}

// Of what could not be written for so long: all lines but one that has a
// beginning on disk, and one whose end has not come yet.
void Sink::drop_rest() {
  const bool full = full_since_.has_value();
  const auto why = full ? Dropped::Why::DiskFull : Dropped::Why::Overflow;
  for (Source* const source : sources_) {
    if (source->queue_size() > (full ? kFullQueue : kSlowQueue))
      limit_queue(*source);
  }
  if (!full || busy_ || rest_.empty() || sources_.empty()) return;
  size_t begin = 0;
  if (disk_mid_line_) {
    const size_t newline = rest_.find('\n');
    if (newline == rest_.npos) return;
    begin = newline + 1;
  }
  const size_t last = rest_.rfind('\n');
  const size_t end = last == rest_.npos ? 0 : last + 1;
  if (end <= begin) return;
  const auto gone = rest_.substr(begin, end - begin);
  const auto lines =
      static_cast<uint64_t>(std::count(gone.begin(), gone.end(), '\n'));
  const uint64_t stamps =
      options_.stamp == SinkOptions::Stamp::None ? 0 : store::kPrefixSize;
  const size_t kept = begin + (rest_.size() - end);
  SinkRecord record = next_record();
  Spool::Extent extent;
  if (kept > 0) {
    auto allocated = bench_.spool.allocate(kept);
    if (!allocated) throw std::bad_alloc();
    extent = *allocated;
    rest_.copy(bench_.spool.at(extent.at), begin);
    rest_.substr(end).copy(bench_.spool.at(extent.at + begin),
                           rest_.size() - end);
  }
  record.out_at = extent.at;
  record.out_size = kept;
  record.untried = 1;
  sources_[0]->put_dropped(why, lines, gone.size() - lines * stamps, record);
  commit(record);
  sources_[0]->apply(record);
  bench_.spool.free(std::exchange(own_out_, extent));
  rest_ = bench_.spool.view(extent.at, kept);
  if (!tell_at_) tell_at_ = bench_.clock.mono() + kTellEvery;
  if (kept > 0) return;
  retry_at_.reset();  // what comes next is tried
  SinkEntry& entry = bench_.spool.sink(entry_);
  entry.done.store(entry.writes.sequence(), std::memory_order_release);
}

void Sink::limit_queue(Source& source) {
  const bool full = full_since_.has_value();
  const size_t most = full ? kFullQueue : kSlowQueue;
  if (source.queue_size() <= most) return;
  const bool head = mid_line_ && arbiter_.owner() == source.key();
  source.drop_oldest(most / 2, head,
                     full ? Dropped::Why::DiskFull : Dropped::Why::Overflow);
  if (source.waiting().empty()) arbiter_.emptied(source.key());
  if (!tell_at_) tell_at_ = bench_.clock.mono() + kTellEvery;
}

void Sink::tell_dropped() {
  tell_at_.reset();
  for (Source* const source : sources_) source->tell_dropped(bench_.observer);
}

// --- the rest ----------------------------------------------------------------

void Sink::trouble(const base::Error& error) {
  const std::pair kind{error.code, error.sys_errno};
  if (told_ == kind) return;
  told_ = kind;
  bench_.observer.on_trouble(last_info_, error);
}

void Sink::set_full(bool full) {
  if (full == full_since_.has_value()) return;
  if (full)
    full_since_ = bench_.clock.mono();
  else
    full_since_.reset();
  bench_.observer.on_disk_full(last_info_, full);
}

void Sink::rearm(MonoTime now) {
  std::optional<MonoTime> next;
  const auto sooner = [&](std::optional<MonoTime> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  if (!busy_) {
    if (!blocked() && !retry_at_) sooner(arbiter_.deadline());
    sooner(retry_at_);
    sooner(held_until_);
    if (full_since_ && rest_.empty() && file_.is_open())
      sooner(checked_at_ + kCheckPath);
    if (replacing_ && (discards_ || file_.is_open()))
      sooner(now < replacing_->earliest ? replacing_->earliest
                                        : replacing_->deadline);
  }
  sooner(tell_at_);
  sooner(seal_asks_.deadline());
  if (looking_) sooner(looking_->deadline);
  if (full_since_ && options_.on_full == SinkOptions::OnFull::Drop &&
      now < *full_since_ + kPatience)
    sooner(*full_since_ + kPatience);
  if (next == timer_at_) return;
  timer_at_ = next;
  if (!next) {
    timer_.stop();
    return;
  }
  const auto left = std::max(*next - now, MonoTime::duration::zero());
  timer_.start(std::chrono::ceil<Millis>(left));
}

}  // namespace capture
