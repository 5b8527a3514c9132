#include "capture/sink_file.h"

#include <cerrno>

#include "base/fs.h"
#include "capture/steps.h"
#include "store/line.h"
#include "store/live_reader.h"
#include "store/names.h"

namespace capture {
namespace {
// A line's head of at most this size moves along with a flush.
constexpr uint64_t kMaxHead = uint64_t{64} << 10;
}  // namespace

SinkFile::Op& SinkFile::begin(Kind kind) {
  op_ = Op{};
  op_.kind = kind;
  return op_;
}

void SinkFile::perform() {
  if (op_.before) op_.before();
  switch (op_.kind) {
    case Kind::None:
      return;
    case Kind::Open:
      op_.status = open();
      return;
    case Kind::Write:
      op_.status = write();
      return;
    case Kind::Check: {
      const auto standing = file_->standing();
      // What is wrong will show when it is written.
      if (standing) op_.standing = *standing;
      if (const auto space = base::fs::space(base::fs::dir_name(path_)))
        op_.free = space->free;
      return;
    }
    case Kind::Leave:
      // Its loss is no loss of ours: the file was taken from us.
      if (!op_.bytes.empty()) (void)file_->write_some(op_.bytes);
      file_.reset();
      times_.reset();
      begun_.reset();
      return;
    case Kind::Head:
      op_.status = read_head();
      return;
    case Kind::Replace:
      op_.status = replace();
      return;
    case Kind::Seal:
      op_.status = seal();
      if (op_.segment.empty()) sequence_.reset();  // another's may be there
      return;
  }
}

base::Status SinkFile::open() {
  if (op_.only_found && !base::fs::exists(path_)) {
    op_.missing = true;
    return {};
  }
  auto file = store::LiveFile::open(path_, mode_);
  if (!file) return base::fail(std::move(file.error()));
  if (auto looked = look_at_end(*file); !looked) return looked;
  if (raw_) {
    auto times =
        store::TimesFile::open(store::sidecar_name(path_), file->size(), mode_);
    if (!times) return base::fail(std::move(times.error()));
    times_ = std::move(*times);
  }
  file_ = std::move(*file);
  look_at_begin();
  return {};
}

// What can't be known is no reason not to write.
void SinkFile::look_at_begin() {
  begun_.reset();
  if (file_->size() == 0) return;
  if (raw_) {
    auto copy = file_->duplicate();
    if (!copy) return;
    auto first = store::TimesReader(path_, copy->get()).at(0);
    if (first) begun_ = *first;
    return;
  }
  if (auto head = file_->read(0, store::kHeadSize))
    begun_ = store::parse_line(*head).time;
  if (!begun_) begun_ = op_.newest;
}

base::Status SinkFile::look_at_end(store::LiveFile& file) {
  auto tail = file.open_line();
  if (!tail) return base::fail(std::move(tail.error()));
  op_.tail = std::move(*tail);
  if (op_.tail) op_.newest = op_.tail->stamp;
  if (op_.tail || raw_ || file.size() == 0) return {};
  store::FileLog log(file.fd(), path_);
  auto last = store::BackwardLines(log, file.size()).previous();
  if (!last) return base::fail(std::move(last.error()));
  if (*last) op_.newest = (*last)->stamp;
  return {};
}

base::Status SinkFile::write() {
  if (times_ && !op_.bytes.empty())
    if (auto noted = times_->append(file_->size(), op_.stamp); !noted)
      return noted;
  if (file_->size() == 0) {
    begun_ = op_.stamp;  // but for a head that came along from another file
    if (!raw_)
      begun_ = store::parse_line(op_.bytes.substr(0, store::kHeadSize))
                   .time.value_or(op_.stamp);
  }
  std::string_view rest = op_.bytes;
  while (!rest.empty()) {
    auto n = file_->write_some(rest);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(base::Errc::Io, "write " + path_ + ": no room");
    step("written");
    rest.remove_prefix(*n);
    op_.written += *n;
  }
  return {};
}

// Of a line that is open at the end: whoever takes the file away writes it to
// the next one.
base::Status SinkFile::read_head() {
  auto line = file_->open_line();
  if (!line) return base::fail(std::move(line.error()));
  if (!line->has_value() || (*line)->size > kMaxHead) return {};
  auto head = file_->read((*line)->begin, (*line)->size);
  if (!head) return base::fail(std::move(head.error()));
  op_.head = std::move(*head);
  op_.head_at = (*line)->begin;
  return {};
}

base::Status SinkFile::replace() {
  step("before replace");
  // The sidecar goes first: times may be missing for a moment, never wrong.
  if (times_)
    if (auto anew = times_->replace(); !anew) return anew;
  auto bytes = file_->replace();
  if (!bytes) return base::fail(std::move(bytes.error()));
  step("replaced");
  op_.size = *bytes;
  begun_.reset();
  return {};
}

base::Status SinkFile::seal() {
  op_.size = file_->size();
  auto segment = store::next_segment_path(
      path_, owner_, begun_.value_or(op_.stamp), sequence_);
  if (!segment) return base::fail(std::move(segment.error()));
  step("before seal");
  if (op_.cut_at) {
    if (auto cut = file_->cut(*op_.cut_at); !cut) return cut;
    op_.was_cut = true;
    step("cut");
  }
  if (op_.sync)
    if (auto synced = sync_bytes(); !synced) return synced;
  if (times_)
    if (auto moved = seal_times(*segment); !moved) return moved;
  if (auto renamed = file_->rename_to(*segment); !renamed) return renamed;
  step("sealed");
  op_.segment = std::move(*segment);
  begun_.reset();
  // Where it is before another takes its place.
  base::Status named;
  if (op_.sync) named = sync_names();
  if (auto fresh = file_->reopen(); !fresh) {
    file_.reset();  // it is the segment by now: nothing may be added
    times_.reset();
    return fresh;
  }
  step("begun anew");
  if (raw_) {
    auto times = store::TimesFile::open(store::sidecar_name(path_), 0, mode_);
    if (!times) {
      file_.reset();  // both are opened anew
      times_.reset();
      return base::fail(std::move(times.error()));
    }
    times_ = std::move(*times);
  }
  if (op_.sync && named) named = base::fs::fsync_dir(base::fs::dir_name(path_));
  return named;
}

base::Status SinkFile::sync_bytes() {
  if (times_)
    if (auto synced = times_->sync(); !synced) return synced;
  return base::fs::fsync(file_->fd(), path_);
}

base::Status SinkFile::sync_names() const {
  for (const auto& dir : segment_dirs())
    if (auto synced = base::fs::fsync_dir(dir); !synced) return synced;
  return {};
}

std::vector<std::string> SinkFile::segment_dirs() const {
  const std::string live = base::fs::dir_name(path_);
  const std::string archive = store::archive_dir(live, owner_.app);
  return {archive, base::fs::dir_name(archive), live};
}

base::Status SinkFile::seal_times(const std::string& segment) {
  const std::string from = store::sidecar_name(path_);
  if (!base::fs::exists(from)) return {};
  return base::fs::rename_noreplace(from, store::sidecar_name(segment));
}

}  // namespace capture
