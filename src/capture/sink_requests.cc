// What is asked of a sink: that its file be flushed, sealed, looked at, and how
// it is.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/fs.h"
#include "capture/sink.h"

namespace capture {
namespace {

using base::Millis;
using base::MonoTime;

constexpr Millis kReplaceWait{100};
constexpr Millis kReplaceSpacing{500};
constexpr Millis kLookWait{1'000};

}  // namespace

// --- flush -------------------------------------------------------------------

void Sink::replace(MonoTime older_than, std::function<void(Replaced)> done) {
  const MonoTime now = bench_.clock.mono();
  if (!replacing_) {
    replacing_.emplace();
    const auto last = bench_.replaced.find(path());
    replacing_->earliest =
        last == bench_.replaced.end() ? now : last->second + kReplaceSpacing;
    replacing_->deadline = std::max(now, replacing_->earliest) + kReplaceWait;
    replacing_->older_than = older_than;
  }
  // Of several who ask, all are told what the strictest is.
  replacing_->older_than = std::min(replacing_->older_than, older_than);
  replacing_->done.push_back(std::move(done));
  rearm(now);
}

bool Sink::may_replace(MonoTime now) const {
  if (!replacing_ || now < replacing_->earliest) return false;
  return !mid_line_ || blocked() || now >= replacing_->deadline;
}

// While nothing is on its way to what will take its place.
bool Sink::is_too_young() const {
  return replacing_ && !moved_head_ && born_at_ &&
         *born_at_ >= replacing_->older_than;
}

void Sink::spare_young() {
  const auto waiting = std::move(replacing_->done);
  replacing_.reset();
  Replaced spared;
  spared.path = path();
  spared.too_young = true;
  for (const auto& done : waiting) done(spared);
}

void Sink::replaced() {
  const auto waiting = std::move(replacing_->done);
  replacing_.reset();
  const MonoTime now = bench_.clock.mono();
  std::erase_if(bench_.replaced, [&](const auto& entry) {
    return now - entry.second > kReplaceSpacing;
  });
  bench_.replaced[path()] = now;
  Replaced replaced;
  replaced.path = path();
  if (!discards_) {
    const auto& op = file_.op();
    replaced.bytes = op.size;
    if (!op.status) {
      replaced.error = op.status.error();
      put_head_back();
    } else {
      device_ = file_.file().device();
      inode_ = file_.file().inode();
      born_at_ = now;
      note_new_name();
      goes_on_elsewhere();
      retry_at_.reset();  // there is room again, perhaps
    }
  }
  for (const auto& done : waiting) done(replaced);
}

// --- seal and look -----------------------------------------------------------

void Sink::seal(std::optional<base::Timestamp> begun_before,
                SealAsks::Done done) {
  const MonoTime now = bench_.clock.mono();
  seal_asks_.add(begun_before, std::move(done), now);
  seal_again_at_.reset();  // whoever asks wants it to be tried
  if (discards_) seal_asks_.answer(Sealed::Outcome::Empty);
  rearm(now);
}

void Sink::look(std::function<void(bool)> done) {
  const MonoTime now = bench_.clock.mono();
  if (discards_) return done(false);
  if (!looking_) looking_ = Looking{.done = {}, .deadline = now + kLookWait};
  looking_->done.push_back(std::move(done));
  // One under way may have looked before the file was moved.
  if (!looking_->reopened) looking_->checked = false;
  rearm(now);
}

void Sink::answer_look() {
  const auto looked = std::move(*looking_);
  looking_.reset();
  for (const auto& done : looked.done) done(looked.reopened);
}

void Sink::expire(MonoTime now) {
  seal_asks_.expire(now);
  if (looking_ && (now >= looking_->deadline || !needs_file())) answer_look();
}

uint64_t Sink::disk() const {
  if (device_ != 0) return device_;
  const auto dir = base::fs::dir_name(path());
  return std::hash<std::string>()(dir) | uint64_t{1} << 63;
}

LiveState Sink::state() const {
  LiveState state = state_;
  state.path = path();
  return state;
}

// --- who needs the file ------------------------------------------------------

// Somebody who writes it, or did.
bool Sink::writes() const {
  return !sources_.empty() || !rest_.empty() || replacing_ || recovering_;
}

bool Sink::needs_file() const {
  return writes() || seal_asks_.wanted();
}

void Sink::begin_open() {
  begin(SinkFile::Kind::Open).only_found = !writes();
}

void Sink::abandon() {
  seal_asks_.answer(Sealed::Outcome::Pending);
  if (looking_) answer_look();
  if (!replacing_) return;
  const auto waiting = std::move(replacing_->done);
  replacing_.reset();
  if (!busy_) put_head_back();
  Replaced left;
  left.path = path();
  for (const auto& done : waiting) done(left);
}

}  // namespace capture
