// What a sink's file is found to be when it is opened: where its last line
// ends, and how far a predecessor's write came.
#include <algorithm>
#include <utility>

#include "capture/sink.h"
#include "store/line.h"

namespace capture {
namespace {

constexpr int64_t kAheadUs = 2'000'000;  // stamper.h absorbs less

}  // namespace

void Sink::opened() {
  const base::MonoTime now = bench_.clock.mono();
  const auto& op = file_.op();
  checked_at_ = now;
  if (!op.status) return refused(op.status.error());
  retry_at_.reset();
  if (op.missing) return seal_asks_.answer(Sealed::Outcome::Empty);
  if (looking_ && looking_->reopened) answer_look();
  device_ = file_.file().device();
  inode_ = file_.file().inode();
  born_at_.reset();
  if (file_.file().size() == 0) born_at_ = now;
  compare_with_left();
  note_new_name();  // if not ours, it may be a predecessor's
  disk_mid_line_ = op.tail.has_value();
  if (recovering_) return recover();
  if (!rest_.empty()) {
    // Never glue our line to a stranger's.
    move_rest(disk_mid_line_ ? "\n" : "");
    return;
  }
  if (op.newest) {
    last_stamp_ = std::max(last_stamp_, *op.newest);
    // The clock went back while nobody looked.
    ahead_ = last_stamp_.us - bench_.clock.now().us >= kAheadUs;
  }
  if (!disk_mid_line_ || mid_line_) return;
  mid_line_ = tail_unsettled_ = true;
  line_stamp_ = op.tail->stamp;
  // Known at once, a flush that comes first does not forget it.
  const auto owner = owner_of_tail();
  if (!owner || find(*owner) == nullptr) return;
  tail_unsettled_ = false;
  arbiter_.resume_line(*owner, now);
}

// A predecessor announced a write: the file's size says how far it came.
void Sink::recover() {
  recovering_ = false;
  SinkEntry& entry = bench_.spool.sink(entry_);
  const SinkRecord& record = entry.writes.last();
  const uint64_t size = file_.file().size();
  const bool same = record.device == device_ && record.inode == inode_ &&
                    size >= record.file_at;
  const uint64_t written =
      same ? std::min(size - record.file_at, record.out_size) : 0;
  if (!same && record.untried == 0 && record.leaving == 0 &&
      record.out_size > 0)
    bench_.observer.on_unaccounted(
        last_info_, path() + " is another file than before; up to " +
                        std::to_string(record.out_size) +
                        " bytes may be in both, or end in mid-line");
  rest_ = bench_.spool.view(record.out_at + written, record.out_size - written);
  mid_line_ = record.mid_line != 0;
  line_stamp_.reset();
  if (record.line_stamp_us != 0)
    line_stamp_ = base::Timestamp{record.line_stamp_us};
  last_stamp_.us = std::max(last_stamp_.us, record.last_stamp_us);
  if (mid_line_ && record.owner_id != 0)
    arbiter_.resume_line(record.owner_id, bench_.clock.mono());
  else
    tail_unsettled_ = mid_line_;
  if (rest_.empty()) return write_done();
  if (record.ends_line_of != 0) unnoted_ = record.ends_line_of;
  if (same) return;
  // Of a line whose head was too long to move along with a flush.
  const bool has_head = options_.stamp == SinkOptions::Stamp::None ||
                        record.leaving == 0 ||
                        store::parse_line(rest_).time.has_value();
  std::string before = disk_mid_line_ ? "\n" : "";
  if (!has_head) before += bench_.stamper.prefix(last_stamp_);
  move_rest(before);
}

}  // namespace capture
