// A sink's file goes away: somebody else took it, a flush replaces it, it is
// sealed. What is written next belongs to another.
#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "capture/sink.h"
#include "store/names.h"

namespace capture {
namespace {

using base::Millis;
using base::MonoTime;

constexpr Millis kSealAgain{10'000};

}  // namespace

// --- the path is what counts -------------------------------------------------

void Sink::checked() {
  checked_at_ = bench_.clock.mono();
  // An app that is silent can't tell by writing that there is room again.
  if (full_since_ && rest_.empty() && file_.op().free > 0) {
    set_full(false);
    retry_at_.reset();
  }
  const auto standing = file_.op().standing;
  if (standing == store::LiveFile::Standing::Gone) leave("moved or removed");
  if (standing == store::LiveFile::Standing::Truncated) leave("truncated");
  if (!looking_ || !looking_->checked) return;
  looking_->reopened = leaving_;
  if (!leaving_) answer_look();
}

void Sink::leave(std::string_view why) {
  const bool truncated = why == "truncated";
  const auto owner = arbiter_.owner();
  if (!sources_.empty()) bench_.observer.on_reopened(last_info_, why, held());
  leaving_ = true;
  end_line_first_ = disk_mid_line_ && rest_.empty() && !truncated && owner;
}

Held Sink::held() {
  Held held{file_.begun(), std::nullopt};
  if (held.first && last_stamp_ >= *held.first) held.last = last_stamp_;
  return held;
}

void Sink::remember() {
  if (discards_ || !file_.is_open()) return;
  bench_.left[path()] = {device_, inode_, file_.file().size(), held()};
}

// While nobody wrote the file nobody looked after it.
void Sink::compare_with_left() {
  const auto found = bench_.left.find(path());
  if (found == bench_.left.end()) return;
  const Left left = found->second;
  bench_.left.erase(found);
  if (left.size == 0) return;
  if (left.device != device_ || left.inode != inode_)
    bench_.observer.on_reopened(last_info_, "moved or removed", left.held);
  else if (file_.file().size() < left.size)
    bench_.observer.on_reopened(last_info_, "truncated", left.held);
}

// What comes next begins a file, not the rest of a line whose head is gone.
void Sink::begin_anew() {
  tail_unsettled_ = false;
  if (!std::exchange(disk_mid_line_, false)) return;
  if (rest_.empty()) {
    mid_line_ = false;
    arbiter_.line_ended();
    return;
  }
  if (options_.stamp == SinkOptions::Stamp::None) return;
  // Of the batch that the rest is of: what follows in it has the same.
  const auto stamp = last_stamp_;
  if (rest_.find('\n') == rest_.npos) line_stamp_ = stamp;
  move_rest(std::string(bench_.stamper.prefix(stamp)));
}

// --- taking the file away ----------------------------------------------------

// By a flush, or as it is sealed. What waits to be written to it, behind the
// head of the line that is open at its end, is announced for the next one
// first: the names that a kill leaves say which of the two it belongs to.
bool Sink::prepare_taking_away() {
  if (moved_head_ && !replacing_ && !suspect_) {
    put_head_back();
    return false;
  }
  if (!moved_head_ && disk_mid_line_) {
    begin(SinkFile::Kind::Head);
    return true;
  }
  if (!moved_head_) {
    moved_head_ = 0;
    if (!rest_.empty()) {
      SinkRecord record = next_record();
      record.leaving = 1;
      move_rest("", record);
    }
  }
  if (replacing_) {
    begin(SinkFile::Kind::Replace);
    return true;
  }
  auto& op = begin(SinkFile::Kind::Seal);
  op.stamp = last_stamp_;
  op.sync = options_.sync == SinkOptions::Sync::Rotate && !suspect_;
  if (*moved_head_ > 0) op.cut_at = head_at_;
  return true;
}

void Sink::headed() {
  const auto& op = file_.op();
  if (!op.status && replacing_) return replaced();
  if (!op.status) return refused(op.status.error());
  moved_head_ = op.head.size();  // none: it goes on without
  head_at_ = op.head_at;
  if (rest_.empty() && op.head.empty()) return;
  SinkRecord record = next_record();
  record.leaving = 1;
  if (!op.head.empty()) record.file_at = head_at_;
  move_rest(op.head, record);
}

// It is the next file's by now, which is empty.
void Sink::goes_on_elsewhere() {
  const bool with_head = *std::exchange(moved_head_, std::nullopt) > 0;
  if (with_head)
    disk_mid_line_ = false;
  else
    begin_anew();
  if (!rest_.empty()) move_rest("");
}

// The file stays, and has it.
void Sink::put_head_back() {
  const auto size = std::exchange(moved_head_, std::nullopt).value_or(0);
  rest_.remove_prefix(std::min(size, rest_.size()));
  if (size > 0 && rest_.empty()) file_has_all();
}

// --- sealing -----------------------------------------------------------------

bool Sink::seal_due() const {
  if (!file_.is_open()) return false;
  const uint64_t size = const_cast<SinkFile&>(file_).file().size();
  if (size == 0) return false;
  // The clock went back, and the file has stamps from before.
  const bool stepped = steps_back_ != bench_.stamper.steps_back();
  return stepped || ahead_ || seal_asks_.wanted() ||
         (options_.max_size != 0 && size >= options_.max_size);
}

// The path names another file than it did, and what that was has another name.
void Sink::note_new_name() {
  unsynced_.live = true;
  unsynced_.dirs.insert(base::fs::dir_name(path()));
}

void Sink::note_segment(const std::string& segment) {
  unsynced_.live = false;
  if (file_.is_open()) note_new_name();
  unsynced_.files.push_back(segment);
  if (store::is_unstamped(segment))
    unsynced_.files.push_back(store::sidecar_name(segment));
  for (const auto& dir : file_.segment_dirs()) unsynced_.dirs.insert(dir);
}

Unsynced Sink::take_unsynced() {
  auto unsynced = std::exchange(unsynced_, {});
  if (options_.sync != SinkOptions::Sync::Interval || discards_) return {};
  if (!file_.is_open()) unsynced.live = false;
  return unsynced;
}

bool Sink::may_seal(MonoTime now) const {
  return !seal_again_at_ || now >= *seal_again_at_;
}

void Sink::sealed() {
  const auto& op = file_.op();
  seal_again_at_.reset();
  if (!op.segment.empty()) {
    bench_.observer.on_sealed(last_info_, op.segment, op.size);
    seal_asks_.answer(Sealed::Outcome::Sealed, op.segment, op.size);
    if (std::exchange(suspect_, false))
      bench_.observer.on_unaccounted(
          last_info_,
          "a write to it failed; what it holds is suspect: " + op.segment);
    steps_back_ = bench_.stamper.steps_back();
    ahead_ = false;
    if (file_.is_open()) {
      device_ = file_.file().device();
      inode_ = file_.file().inode();
      born_at_ = bench_.clock.mono();
    }
    goes_on_elsewhere();
    if (!mid_line_ && rest_.empty()) last_stamp_ = {};
    note_segment(op.segment);
  } else {
    if (op.was_cut) {
      disk_mid_line_ = false;
      moved_head_.reset();
    } else {
      put_head_back();
    }
    // The file stays as it is, and is written on.
    trouble(op.status.error());
    seal_asks_.answer(Sealed::Outcome::Failed, {}, 0, op.status.error());
    seal_again_at_ = bench_.clock.mono() + kSealAgain;
    return;
  }
  if (!op.status) return refused(op.status.error());
  retry_at_.reset();
  checked_at_ = bench_.clock.mono();
}

}  // namespace capture
