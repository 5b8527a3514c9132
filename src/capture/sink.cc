// The lines of a sink: whose come next, how they are journaled.
#include "capture/sink.h"

#include <algorithm>
#include <new>
#include <utility>

#include "capture/steps.h"

namespace capture {
namespace {

LineArbiter::Whole whole_of(const SinkOptions& options,
                            const Formatter& formatter) {
  if (!options.redact.empty()) return LineArbiter::Whole::Always;
  if (formatter.wants_whole_lines() || options.rate.bytes != 0)
    return LineArbiter::Whole::Briefly;
  return LineArbiter::Whole::No;
}

}  // namespace

base::Result<std::unique_ptr<Sink>> Sink::make(Bench& bench,
                                               const SinkSpec& spec,
                                               uint32_t entry,
                                               std::function<void()> on_due) {
  auto formatter = Formatter::make(spec.options);
  if (!formatter) return base::fail(std::move(formatter.error()));
  return std::unique_ptr<Sink>(
      new Sink(bench, spec, entry, std::move(*formatter), std::move(on_due)));
}

Sink::Sink(Bench& bench, const SinkSpec& spec, uint32_t entry,
           Formatter formatter, std::function<void()> on_due)
    : bench_(bench),
      options_(spec.options),
      entry_(entry),
      on_due_(std::move(on_due)),
      discards_(spec.path == "/dev/null"),
      file_(spec),
      formatter_(std::move(formatter)),
      arbiter_(whole_of(options_, formatter_)),
      rate_(options_.rate),
      steps_back_(bench.stamper.steps_back()),
      seal_asks_(spec.path),
      timer_(bench.loop, [this] {
        timer_at_.reset();
        const auto tell = on_due_;  // a copy: it may destroy this
        tell();
      }) {
  const SinkEntry& known = bench_.spool.sink(entry_);
  const SinkRecord& record = known.writes.last();
  last_stamp_.us = record.last_stamp_us;
  // As long as nobody writes it.
  last_info_.app = spec.owner.app;
  last_info_.instance = spec.owner.instance;
  if (spec.owner.kind == store::SegmentKind::Error)
    last_info_.stream = store::Stream::Error;
  recovering_ = known.done != known.writes.sequence();
  if (recovering_) own_out_ = Spool::extent_of(record.out_at, record.out_size);
}

Sink::~Sink() {
  // What is not written stays where it is, for who comes after us.
  if (rest_.empty() && !recovering_) bench_.spool.free(own_out_);
}

void Sink::attach(Source& source, bool adopted) {
  const base::MonoTime now = bench_.clock.mono();
  if (sources_.empty() && adopted) adopted_ = source.key();
  if (!sources_.empty() && adopted) adopted_.reset();
  sources_.push_back(&source);
  last_info_ = source.info();
  arbiter_.attach(source.key(), now);
  if (source.queued()) arbiter_.more(source.key(), now);
  rearm(now);
}

void Sink::more(Source& source) {
  const base::MonoTime now = bench_.clock.mono();
  // All of it may have been the rest of a line that lost its head.
  if (!source.waiting().empty()) arbiter_.more(source.key(), now);
  if (dropping()) limit_queue(source);
  rearm(now);
}

void Sink::end(Source& source) {
  arbiter_.end(source.key());
  rearm(bench_.clock.mono());
}

bool Sink::is_done(const Source& source) const {
  return source.waiting().empty() && arbiter_.owner() != source.key() &&
         !(tail_unsettled_ && !sources_.empty() && sources_[0] == &source) &&
         !busy_;
}

void Sink::detach(Source& source) {
  if (source.tell_dropped(bench_.observer)) tell_at_.reset();
  arbiter_.forget(source.key());
  std::erase(sources_, &source);
  rearm(bench_.clock.mono());
}

void Sink::finish() {
  finishing_ = true;
  arbiter_.finish();
  retry_at_.reset();
}

Source* Sink::find(uint64_t source) const {
  for (Source* const known : sources_)
    if (known->key() == source) return known;
  return nullptr;
}

const SourceInfo& Sink::info(uint64_t source) const {
  const Source* const known = find(source);
  return known == nullptr ? last_info_ : known->info();
}

std::string_view Sink::waiting(uint64_t source) const {
  const Source* const known = find(source);
  return known == nullptr ? std::string_view() : known->waiting();
}

bool Sink::prepare_lines(base::MonoTime now) {
  if (discards_) return discard(now);
  for (;;) {
    if (tail_unsettled_ && !settle_tail(now)) return busy_;
    const auto grant = arbiter_.next(*this, now);
    if (!grant) return false;
    if (grant->end_line) return end_line(grant->source);
    Source* const found = find(grant->source);
    if (found == nullptr) return false;
    Source& source = *found;
    auto bytes = source.waiting().substr(0, grant->size);
    if (mid_line_ && seal_due()) {
      const size_t newline = bytes.find('\n');
      if (newline != bytes.npos) bytes = bytes.substr(0, newline + 1);
    }
    const auto verdict = rate_.judge(bytes, mid_line_, now);
    if (verdict.keep > 0)
      return write_lines(source, bytes.substr(0, verdict.keep), now);
    // Whole lines alone are dropped: what has no end yet may still get one.
    const size_t last = bytes.substr(0, verdict.drop).rfind('\n');
    if (last == bytes.npos) return write_lines(source, bytes, now);
    drop(source, last + 1, Dropped::Why::Rate, now);
  }
}

bool Sink::discard(base::MonoTime now) {
  while (const auto grant = arbiter_.next(*this, now)) {
    if (grant->end_line) {
      arbiter_.line_ended();
      continue;
    }
    Source* const found = find(grant->source);
    if (found == nullptr) return false;
    Source& source = *found;
    SinkRecord record = next_record();
    source.put_taken(grant->size, record);
    commit(record);
    bench_.spool.sink(entry_).done =
        bench_.spool.sink(entry_).writes.sequence();
    source.apply(record);
    arbiter_.took(source.key(), false, !source.waiting().empty(), now);
  }
  return false;
}

void Sink::drop(Source& source, size_t size, Dropped::Why why,
                base::MonoTime now) {
  const auto bytes = source.waiting().substr(0, size);
  const auto lines = std::count(bytes.begin(), bytes.end(), '\n');
  SinkRecord record = next_record();
  source.put_taken(size, record);
  source.put_dropped(why, static_cast<uint64_t>(lines), size, record);
  commit(record);
  bench_.spool.sink(entry_).done = bench_.spool.sink(entry_).writes.sequence();
  source.apply(record);
  arbiter_.took(source.key(), mid_line_, !source.waiting().empty(), now);
  if (!tell_at_) tell_at_ = now + base::Millis{1000};
}

// What the next record says that nothing changes. Nothing of a write is left
// when it is made.
SinkRecord Sink::next_record() const {
  SinkRecord record;
  record.device = device_;
  record.inode = inode_;
  record.file_at =
      file_.is_open() ? const_cast<SinkFile&>(file_).file().size() : 0;
  record.last_stamp_us = last_stamp_.us;
  record.line_stamp_us = line_stamp_ ? line_stamp_->us : 0;
  record.mid_line = mid_line_ ? 1 : 0;
  record.owner_id = mid_line_ && arbiter_.owner() ? *arbiter_.owner() : 0;
  return record;
}

void Sink::commit(const SinkRecord& record) {
  step("before write is announced");
  bench_.spool.sink(entry_).writes.commit(record);
  step("write announced");
}

Spool::Extent& Sink::out() {
  if (!slow()) return bench_.out;
  if (!own_out_) {
    auto extent = bench_.spool.allocate(kOutSize);
    if (!extent) throw std::bad_alloc();
    own_out_ = *extent;
  }
  return own_out_;
}

bool Sink::write_lines(Source& source, std::string_view bytes,
                       base::MonoTime now) {
  base::Timestamp stamp = source.stamp();
  if (!mid_line_ && steps_back_ != bench_.stamper.steps_back()) {
    steps_back_ = bench_.stamper.steps_back();  // the file is empty
    last_stamp_ = {};
  }
  // A line that waited while younger ones were written takes a new stamp:
  // stamps never run backward in a file.
  if (stamp < last_stamp_) stamp = bench_.stamper.next();
  const Spool::Extent& into = out();
  const bool was_mid_line = mid_line_;
  const auto formatted = formatter_.format(
      bytes, stamp, mid_line_, {bench_.spool.at(into.at), into.size});
  const auto consumed = bytes.substr(0, formatted.consumed);
  rate_.refund(bytes.size() - consumed.size());
  const size_t newline = consumed.find('\n');
  const bool begins = !was_mid_line || (newline != consumed.npos &&
                                        newline + 1 < consumed.size());
  SinkRecord record = next_record();
  if (begins) {
    last_stamp_ = stamp;
    if (mid_line_) line_stamp_ = stamp;
  }
  source.put_taken(consumed.size(), record);
  record.out_at = into.at;
  record.out_size = formatted.written;
  record.last_stamp_us = last_stamp_.us;
  record.line_stamp_us = line_stamp_ ? line_stamp_->us : 0;
  record.mid_line = mid_line_ ? 1 : 0;
  record.owner_id = mid_line_ ? source.key() : 0;
  commit(record);
  source.apply(record);
  arbiter_.took(source.key(), mid_line_, !source.waiting().empty(), now);
  rest_ = bench_.spool.view(into.at, formatted.written);
  rest_in_bench_ = &into == &bench_.out;
  begin_write();
  return true;
}

bool Sink::end_line(uint64_t source) {
  arbiter_.line_ended();
  if (!mid_line_) return prepare_lines(bench_.clock.mono());
  const Spool::Extent& into = out();
  SinkRecord record = next_record();
  *bench_.spool.at(into.at) = '\n';
  record.out_at = into.at;
  record.out_size = 1;
  record.mid_line = record.owner_id = 0;
  record.ends_line_of = line_stamp_ ? source : 0;
  mid_line_ = false;
  commit(record);
  rest_ = bench_.spool.view(into.at, 1);
  rest_in_bench_ = &into == &bench_.out;
  unnoted_ = source;
  begin_write();
  return true;
}

void Sink::note_line_ended(uint64_t source, SinkFile::Op& op) const {
  // A foreign line has no stamp by which a note could name it.
  if (!line_stamp_) return;
  op.before = [&observer = bench_.observer, who = info(source),
               line = *line_stamp_] { observer.on_line_ended(who, line); };
}

// Whose the line is that the file was found to end with, as a predecessor's
// last record tells.
std::optional<uint64_t> Sink::owner_of_tail() const {
  const SinkRecord& record = bench_.spool.sink(entry_).writes.last();
  // Stamps are given once: one tells which line it is, whatever its file.
  const bool same = line_stamp_
                        ? record.line_stamp_us == line_stamp_->us
                        : record.inode == inode_ && record.device == device_;
  if (!same || record.mid_line == 0 || record.owner_id == 0)
    return std::nullopt;
  return record.owner_id;
}

// The file was found to end in mid-line. A source that was adopted alone, or is
// known to have begun the line, goes on with it; otherwise nobody can know
// whose it was, and it is ended. False: nothing is to be done yet, or an
// operation was begun.
bool Sink::settle_tail(base::MonoTime now) {
  const bool needed = finishing_ || (sources_.empty() && seal_asks_.wanted()) ||
                      std::ranges::any_of(sources_, [&](Source* s) {
                        return !s->waiting().empty() || s->pipe == nullptr;
                      });
  if (!needed) return false;
  tail_unsettled_ = false;
  if (const auto owner = owner_of_tail()) {
    arbiter_.resume_line(*owner, now);
    return true;
  }
  if (adopted_ && find(*adopted_) != nullptr) {
    arbiter_.resume_line(*adopted_, now);
    return true;
  }
  end_line(sources_.empty() ? 0 : sources_[0]->key());
  return false;
}

}  // namespace capture
