#include "capture/sink.h"

#include <algorithm>
#include <utility>

#include "base/fs.h"

namespace capture {
namespace {

using base::Millis;
using base::MonoTime;

constexpr Millis kFirstRetry{100};
constexpr Millis kLastRetry{1000};
constexpr Millis kCheckPath{500};
constexpr Millis kReplaceWait{100};
constexpr Millis kReplaceSpacing{500};
constexpr uint64_t kMaxHead = uint64_t{64} << 10;

}  // namespace

Sink::Sink(Bench& bench, std::string path, std::function<void()> on_change)
    : bench_(bench),
      path_(std::move(path)),
      on_change_(std::move(on_change)),
      timer_(bench.loop, [this] { on_timer(); }) {}

void Sink::attach(const SourceInfo& source, bool adopted) {
  const MonoTime now = bench_.clock.mono();
  // A newcomer does not make the line of the one before it a stranger's.
  if (!adopted && sources_.size() == 1) {
    settle_tail(sources_[0].id, now);
    flush(now);
  }
  adopted_ = sources_.empty() && adopted;
  sources_.push_back(source);
  arbiter_.attach(source.id, now);
  if (!file_ && !retry_at_) {
    if (auto opened = open(); !opened) {
      trouble(opened.error());
      retry_delay_ = kFirstRetry;
      retry_at_ = now + retry_delay_;
    }
    checked_at_ = now;
  }
  rearm(now);
}

size_t Sink::room(uint64_t source) const {
  return blocked() ? 0 : arbiter_.room(source);
}

void Sink::feed(uint64_t source, std::string_view bytes) {
  const MonoTime now = bench_.clock.mono();
  check_path(now);
  if (replacing_ && now >= replacing_->earliest && arbiter_.owner() == source) {
    const size_t newline = bytes.find('\n');
    if (newline != bytes.npos) {  // the line end that a flush waits for
      feed_now(source, bytes.substr(0, newline + 1), now);
      finish_replace();
      bytes.remove_prefix(newline + 1);
    }
  }
  feed_now(source, bytes, now);
  if (may_replace(now)) finish_replace();
  rearm(now);
}

void Sink::feed_now(uint64_t source, std::string_view bytes, MonoTime now) {
  if (bytes.empty()) return;
  settle_tail(source, now);
  arbiter_.feed(source, bytes, bench_.stamper.next(), now, *this);
  flush(now);
}

void Sink::end(uint64_t source) {
  const MonoTime now = bench_.clock.mono();
  check_path(now);
  settle_tail(source, now);
  arbiter_.end(source, now, *this);
  flush(now);
  if (may_replace(now)) finish_replace();
  forget_ended();
  rearm(now);
}

void Sink::finish() {
  const MonoTime now = bench_.clock.mono();
  arbiter_.finish(now, *this);
  flush(now);
  if (!pending_.empty()) retry(now);
  if (replacing_) finish_replace();
  if (!pending_.empty())
    trouble({base::Errc::Io,
             0,
             "write " + path_ + ": gave up " + std::to_string(pending_.size()) +
                 " bytes at the end",
             {}});
}

// --- lines -------------------------------------------------------------------

void Sink::write(uint64_t, std::string_view bytes, base::Timestamp stamp) {
  // A line that was held while younger ones were written takes a new stamp:
  // stamps never run backward in a file.
  if (stamp <= last_stamp_) stamp = bench_.stamper.next();
  const bool begins = !mid_line_ || bytes.find('\n') != bytes.npos;
  bench_.out.append_lines(bytes, bench_.stamper.prefix(stamp), mid_line_);
  if (!begins) return;
  last_stamp_ = stamp;
  line_stamp_ = stamp;
}

void Sink::end_line(uint64_t source) {
  if (!mid_line_) return;
  tell_line_ended(source);
  bench_.out.append("\n");
  mid_line_ = false;
}

void Sink::tell_line_ended(uint64_t source) {
  // A foreign line has no stamp by which a note could name it.
  if (line_stamp_) bench_.observer.on_line_ended(info(source), *line_stamp_);
}

// The file was found to end in mid-line. A source that was adopted alone goes
// on with that line; otherwise nobody can know whose it was, and it is ended.
void Sink::settle_tail(uint64_t source, MonoTime now) {
  if (!std::exchange(tail_unsettled_, false)) return;
  if (adopted_ && sources_.size() == 1)
    arbiter_.resume_line(source, now);
  else
    end_line(source);
}

// --- the disk ----------------------------------------------------------------

void Sink::flush(MonoTime now) {
  OutBuffer& out = bench_.out;
  if (out.empty()) return;
  if (blocked()) {
    pending_.append(out.view());
    out.clear();
    return;
  }
  std::string_view rest = out.view();
  if (auto pushed = push(rest); !pushed) {
    trouble(pushed.error());
    pending_.assign(rest);
    retry_delay_ = kFirstRetry;
    retry_at_ = now + retry_delay_;
  }
  out.clear();
}

// Takes from `bytes` what was written.
base::Status Sink::push(std::string_view& bytes) {
  while (!bytes.empty()) {
    auto n = file_->write_some(bytes);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(base::Errc::Io, "write " + path_ + ": no room");
    disk_mid_line_ = bytes[*n - 1] != '\n';
    bytes.remove_prefix(*n);
  }
  told_.reset();
  return {};
}

void Sink::retry(MonoTime now) {
  check_path(now);
  base::Status status;
  if (!file_) status = open();
  if (status) {
    std::string_view rest = pending_;
    status = push(rest);
    pending_.erase(0, pending_.size() - rest.size());
  }
  if (status) {
    retry_at_.reset();
    std::string().swap(pending_);
    return;
  }
  trouble(status.error());
  retry_delay_ = std::clamp(2 * retry_delay_, kFirstRetry, kLastRetry);
  retry_at_ = now + retry_delay_;
}

base::Status Sink::open() {
  auto file = store::LiveFile::open(path_);
  if (!file) return base::fail(std::move(file.error()));
  auto tail = file->open_line();
  if (!tail) return base::fail(std::move(tail.error()));
  file_ = std::move(*file);
  disk_mid_line_ = tail->has_value();
  if (!tail->has_value()) return {};
  if (pending_.empty() && !mid_line_) {
    mid_line_ = true;
    line_stamp_ = (*tail)->stamp;
    tail_unsettled_ = true;
    if (line_stamp_) last_stamp_ = std::max(last_stamp_, *line_stamp_);
    return {};
  }
  pending_.insert(0, "\n");  // never glue our line to a stranger's
  return {};
}

// The path is what counts: when it names another file, that one is written.
void Sink::check_path(MonoTime now) {
  if (!file_ || now < checked_at_ + kCheckPath) return;
  checked_at_ = now;
  const auto standing = file_->standing();
  if (!standing) return;  // what is wrong will show when it is written
  if (*standing == store::LiveFile::Standing::Gone)
    leave_file("moved or removed");
  if (*standing == store::LiveFile::Standing::Truncated)
    leave_file("truncated");
}

void Sink::leave_file(std::string_view why) {
  const bool truncated = why == "truncated";
  if (disk_mid_line_ && pending_.empty() && !truncated && arbiter_.owner()) {
    // The head stays in the file that left; its rest begins a line of its own.
    tell_line_ended(*arbiter_.owner());
    (void)file_->write_some("\n");
  }
  begin_anew();
  file_.reset();
  if (!sources_.empty()) bench_.observer.on_reopened(sources_.back(), why);
  if (auto opened = open(); !opened) {
    trouble(opened.error());
    retry_delay_ = kFirstRetry;
    retry_at_ = bench_.clock.mono() + retry_delay_;
  }
}

// What comes next begins a file, not the rest of a line whose head is gone.
void Sink::begin_anew() {
  tail_unsettled_ = false;
  if (!disk_mid_line_) return;
  if (pending_.empty()) {
    mid_line_ = false;
    return;
  }
  const auto stamp = bench_.stamper.next();
  if (pending_.find('\n') == pending_.npos) line_stamp_ = stamp;
  pending_.insert(0, bench_.stamper.prefix(stamp));
}

// --- flush -------------------------------------------------------------------

void Sink::replace(std::function<void(Replaced)> done) {
  const MonoTime now = bench_.clock.mono();
  if (replacing_) {
    replacing_->done.push_back(std::move(done));
    return;
  }
  check_path(now);
  replacing_.emplace();
  replacing_->done.push_back(std::move(done));
  const auto last = bench_.replaced.find(path_);
  replacing_->earliest =
      last == bench_.replaced.end() ? now : last->second + kReplaceSpacing;
  replacing_->deadline = std::max(now, replacing_->earliest) + kReplaceWait;
  if (may_replace(now)) finish_replace();
  rearm(now);
}

bool Sink::may_replace(MonoTime now) const {
  if (!replacing_ || now < replacing_->earliest) return false;
  return !mid_line_ || blocked() || now >= replacing_->deadline;
}

void Sink::finish_replace() {
  const auto waiting = std::move(replacing_->done);
  replacing_.reset();
  const MonoTime now = bench_.clock.mono();
  std::erase_if(bench_.replaced, [&](const auto& entry) {
    return now - entry.second > kReplaceSpacing;
  });
  bench_.replaced[path_] = now;
  auto swapped = swap_file();
  Replaced replaced{path_, 0, std::nullopt};
  if (swapped)
    replaced.bytes = *swapped;
  else
    replaced.error = std::move(swapped.error());
  for (const auto& done : waiting) done(replaced);
}

base::Result<uint64_t> Sink::swap_file() {
  if (!file_) {
    if (auto opened = open(); !opened)
      return base::fail(std::move(opened.error()));
  }
  std::string head;
  if (disk_mid_line_) {
    auto line = file_->open_line();
    if (!line) return base::fail(std::move(line.error()));
    if (line->has_value() && (*line)->size <= kMaxHead) {
      auto read = file_->read((*line)->begin, (*line)->size);
      if (!read) return base::fail(std::move(read.error()));
      head = std::move(*read);
    }
  }
  auto bytes = file_->replace();
  if (!bytes) return bytes;
  if (head.empty())
    begin_anew();
  else
    pending_.insert(0, head);
  disk_mid_line_ = false;
  if (!pending_.empty()) retry(bench_.clock.mono());
  return bytes;
}

// --- the rest ----------------------------------------------------------------

void Sink::trouble(const base::Error& error) {
  const std::pair kind{error.code, error.sys_errno};
  if (told_ == kind || sources_.empty()) return;
  told_ = kind;
  bench_.observer.on_trouble(sources_.back(), error);
}

void Sink::forget_ended() {
  // One stays: trouble with what is pending must have a name.
  for (size_t i = 0; i < sources_.size() && sources_.size() > 1;)
    if (arbiter_.knows(sources_[i].id))
      ++i;
    else
      sources_.erase(sources_.begin() + static_cast<ptrdiff_t>(i));
}

const SourceInfo& Sink::info(uint64_t source) const {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(),
                   [&](const SourceInfo& s) { return s.id == source; });
  return found == sources_.end() ? sources_.back() : *found;
}

void Sink::on_timer() {
  timer_at_.reset();
  const MonoTime now = bench_.clock.mono();
  if (retry_at_ && now >= *retry_at_) retry(now);
  if (const auto due = arbiter_.deadline(); due && now >= *due) {
    check_path(now);
    arbiter_.tick(now, *this);
    flush(now);
    if (may_replace(now)) finish_replace();
    forget_ended();
  }
  if (may_replace(now)) finish_replace();
  rearm(now);
  const auto tell = on_change_;  // a copy: it may destroy this
  tell();
}

void Sink::rearm(MonoTime now) {
  std::optional<MonoTime> next = arbiter_.deadline();
  const auto sooner = [&](MonoTime time) {
    if (!next || time < *next) next = time;
  };
  if (retry_at_) sooner(*retry_at_);
  if (replacing_)
    sooner(now < replacing_->earliest ? replacing_->earliest
                                      : replacing_->deadline);
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
