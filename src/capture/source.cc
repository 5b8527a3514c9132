#include "capture/source.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "capture/steps.h"

namespace capture {
namespace {

constexpr size_t kLeastRoom = size_t{4} << 10;

void raise(Word& word, uint64_t value) {
  if (word.load(std::memory_order_relaxed) < value)
    word.store(value, std::memory_order_release);
}

void apply_dropped(SourceEntry& entry, const DropTotal& total) {
  if (total.why >= kDropWhys) return;
  raise(entry.dropped_lines[total.why], total.lines);
  raise(entry.dropped_bytes[total.why], total.bytes);
}

}  // namespace

Source::Source(Spool& spool, uint32_t index, uint64_t id)
    : spool_(spool),
      index_(index),
      key_(spool.source(index).key),
      info_(Spool::info_of(spool.source(index), id)),
      record_(spool.source(index).queue.last()),
      queue_stamp_{record_.stamp_us} {}

void Source::release() {
  spool_.remove_source(index_);
  spool_.free({record_.at, record_.room});
}

void Source::take(const Intake::Bytes& bytes, base::Timestamp stamp) {
  input_ = bytes.view;
  input_from_ = bytes.from;
  stamp_ = stamp;
  if (record_.skipping != 0 && !input_.empty()) {
    const size_t newline = input_.find('\n');
    size_t size = input_.size();
    if (newline != input_.npos)
      size = newline + (record_.skipping == 1 ? 1 : 0);
    SourceRecord next = record_;
    if (newline != input_.npos) next.skipping = 0;
    next.taken = {input_from_.read, input_from_.to + size};
    // Why the head went is why the rest goes.
    count(static_cast<Dropped::Why>(record_.dropped.why),
          input_.substr(0, size), next.dropped);
    commit(next);
    input_.remove_prefix(size);
    input_from_.to += size;
  }
  if (queued()) keep_rest();
}

void Source::keep_rest() {
  if (input_.empty()) return;
  append(input_, input_from_.to + input_.size());
  input_ = {};
}

std::string_view Source::waiting() const {
  if (!queued()) return input_;
  const uint64_t from = entry().queue_to;
  return spool_.view(record_.at + (from - record_.base), record_.end - from);
}

void Source::append(std::string_view bytes, uint64_t taken_to) {
  SourceRecord next = record_;
  const uint64_t from = entry().queue_to;
  const uint64_t used = record_.end - from;
  Spool::Extent old;
  if (record_.end - record_.base + bytes.size() > record_.room) {
    // To the beginning of another extent; the old one counts until the record
    // is there.
    auto extent = spool_.allocate(
        std::max(kLeastRoom, std::max(used + bytes.size(), 2 * used)));
    if (!extent) extent = spool_.allocate(used + bytes.size());
    if (!extent) throw std::bad_alloc();  // as operator new does
    waiting().copy(spool_.at(extent->at), used);
    old = {record_.at, record_.room};
    next.at = extent->at;
    next.room = extent->size;
    next.base = from;
  }
  bytes.copy(spool_.at(next.at + (next.end - next.base)), bytes.size());
  next.end += bytes.size();
  next.taken = {input_from_.read, taken_to};
  if (used == 0) {
    queue_stamp_ = stamp_;
    next.stamp_us = stamp_.us;
  }
  commit(next);
  spool_.free(old);
}

void Source::commit(const SourceRecord& record) {
  step("before queue");
  entry().queue.commit(record);
  step("queued");
  record_ = record;
  apply(entry(), record, spool_);
}

void Source::put_taken(size_t size, SinkRecord& record) const {
  record.source = index_;
  record.source_key = key_;
  record.queue_to = entry().queue_to + (queued() ? size : 0);
  if (!queued()) record.taken = {input_from_.read, input_from_.to + size};
}

void Source::put_dropped(Dropped::Why why, uint64_t lines, uint64_t bytes,
                         SinkRecord& record) const {
  const auto at = static_cast<size_t>(why);
  record.source = index_;
  record.source_key = key_;
  record.queue_to = std::max<uint64_t>(record.queue_to, entry().queue_to);
  record.dropped = {at, entry().dropped_lines[at] + lines,
                    entry().dropped_bytes[at] + bytes};
}

void Source::apply(const SinkRecord& record) {
  const bool was_queued = queued();
  apply(entry(), record, spool_);
  if (record.dropped.lines != 0 || record.dropped.bytes != 0) {
    if (drop_first_.us == 0) drop_first_ = stamp_;
    drop_last_ = stamp_;
  }
  if (!was_queued) {
    if (record.taken.read != input_from_.read) return;
    const uint64_t size = record.taken.to - input_from_.to;
    input_.remove_prefix(std::min<uint64_t>(size, input_.size()));
    input_from_.to = record.taken.to;
    return;
  }
  // Freed when it is empty: hundreds of sources may have held something once.
  if (queued()) return;
  const Spool::Extent extent{record_.at, record_.room};
  SourceRecord next = record_;
  next.at = next.room = 0;
  next.base = next.end;
  commit(next);
  spool_.free(extent);
}

void Source::count(Dropped::Why why, std::string_view bytes,
                   DropTotal& total) const {
  const auto at = static_cast<size_t>(why);
  const auto lines = std::count(bytes.begin(), bytes.end(), '\n');
  total = {at, entry().dropped_lines[at] + static_cast<uint64_t>(lines),
           entry().dropped_bytes[at] + bytes.size()};
}

void Source::drop_oldest(size_t keep, bool head, Dropped::Why why) {
  const std::string_view all = waiting();
  if (!queued() || all.size() <= keep) return;
  size_t begin = 0;
  if (head) {
    const size_t newline = all.find('\n');
    // All of it belongs to that line: it is cut here, and ends with its '\n'.
    if (newline == all.npos) return drop_range(0, all.size(), 2, why);
    begin = newline + 1;
  }
  const size_t from = all.size() - keep;
  if (from <= begin) return;
  // To the first line that begins there or later; when none does, to the end,
  // and what is still to come of that last line goes too.
  const size_t newline = all.find('\n', from - 1);
  const size_t end = newline == all.npos ? all.size() : newline + 1;
  drop_range(begin, end, newline == all.npos ? 1 : 0, why);
}

// The waiting bytes without [begin, end), in another extent.
void Source::drop_range(size_t begin, size_t end, uint64_t skipping,
                        Dropped::Why why) {
  const std::string_view all = waiting();
  const std::string_view gone = all.substr(begin, end - begin);
  const std::string_view rest = all.substr(end);
  auto extent = spool_.allocate(
      std::max(kLeastRoom, begin + rest.size() + Spool::kIntakeSize));
  if (!extent) throw std::bad_alloc();
  all.copy(spool_.at(extent->at), begin);
  rest.copy(spool_.at(extent->at + begin), rest.size());
  SourceRecord next = record_;
  next.at = extent->at;
  next.room = extent->size;
  next.base = record_.end;  // counts never go back: these begin anew
  next.end = record_.end + begin + rest.size();
  next.skipping = skipping;
  next.stamp_us = stamp_.us;
  count(why, gone, next.dropped);
  const Spool::Extent old{record_.at, record_.room};
  if (drop_first_.us == 0) drop_first_ = queue_stamp_;
  drop_last_ = stamp_;
  queue_stamp_ = stamp_;
  commit(next);
  spool_.free(old);
}

bool Source::tell_dropped(Observer& observer) {
  bool told = false;
  for (size_t why = 0; why < kDropWhys; ++why) {
    const uint64_t lines = entry().dropped_lines[why];
    const uint64_t bytes = entry().dropped_bytes[why];
    const uint64_t told_bytes = entry().told_bytes[why];
    if (bytes == told_bytes) continue;
    observer.on_dropped(
        info_, {static_cast<Dropped::Why>(why), lines - entry().told_lines[why],
                bytes - told_bytes, drop_first_, drop_last_});
    entry().told_lines[why] = lines;
    entry().told_bytes[why] = bytes;
    told = true;
  }
  if (told) drop_first_ = {};
  return told;
}

void Source::apply(SourceEntry& entry, const SourceRecord& record,
                   Spool& spool) {
  // A queue that moved begins where its record says.
  raise(entry.queue_to, record.base);
  apply_dropped(entry, record.dropped);
  spool.set_taken(record.taken);
}

void Source::apply(SourceEntry& entry, const SinkRecord& record, Spool& spool) {
  raise(entry.queue_to, record.queue_to);
  apply_dropped(entry, record.dropped);
  spool.set_taken(record.taken);
}

}  // namespace capture
