// Going on where a predecessor died: its journal is applied once more, what it
// had read is queued, what it had announced is finished by the sinks.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "capture/loop.h"

namespace capture {

void CaptureThread::Loop::use(Spool spool) {
  if (spool_) {
    base::log::error("capture: a second spool");
    return;
  }
  spool_.emplace(std::move(spool));
  intake_.emplace(*spool_);
  bench_.emplace(Sink::Bench{events_,
                             clock_,
                             observer_,
                             *spool_,
                             Stamper(clock_, spool_->last_stamp()),
                             {},
                             {},
                             {}});
  set_out();
  reapply();
}

// The last record of each lane may be one whose consequences were not all
// stored. They say what is so, not by how much it changed: all are applied.
void CaptureThread::Loop::reapply() {
  for (uint32_t i = 0; i < spool_->sources_end(); ++i) {
    SourceEntry& entry = spool_->source(i);
    if (entry.key != 0) Source::apply(entry, entry.queue.last(), *spool_);
  }
  for (uint32_t i = 0; i < spool_->sinks_end(); ++i) {
    SinkEntry& entry = spool_->sink(i);
    if (entry.used == 0) continue;
    const SinkRecord& record = entry.writes.last();
    if (record.source_key == 0 || record.source >= spool_->sources_end())
      continue;
    SourceEntry& source = spool_->source(static_cast<uint32_t>(record.source));
    if (source.key == record.source_key) Source::apply(source, record, *spool_);
  }
}

void CaptureThread::Loop::adopt(std::vector<Adopted> sources,
                                const std::vector<SinkSpec>& known) {
  (void)bench();
  adopted_ = true;
  for (auto& source : sources) (void)attach(std::move(source), true);
  finish_left();
  adopt_rest(known);
  // Of hundreds of files those first that something waits for.
  const auto others = std::ranges::stable_partition(
      due_, [this](const File* file) { return is_awaited(*file); });
  awaited_ = due_.size() - others.size();
}

bool CaptureThread::Loop::is_awaited(const File& file) {
  const SinkEntry& entry = spool_->sink(file.sink->entry_index());
  return entry.done != entry.writes.sequence() ||
         std::ranges::any_of(file.sources, [](const Attached* attached) {
           return attached->source->queued() ||
                  (attached->source->pipe &&
                   attached->source->pipe->waiting() > 0);
         });
}

// Bytes that had left their pipe: they are the next of their source.
void CaptureThread::Loop::finish_left() {
  const auto left = intake_->left();
  if (!left) return;
  const uint32_t index = left->source;
  if (index >= spool_->sources_end() || spool_->source(index).key == 0) return;
  if (left->unaccounted > 0) {
    observer_.on_unaccounted(Spool::info_of(spool_->source(index), 0),
                             "a read was cut short; up to " +
                                 std::to_string(left->unaccounted) +
                                 " bytes may be lost");
    return;
  }
  const auto stamp = bench_->stamper.next();
  if (const auto found = sources_.find(index); found != sources_.end()) {
    found->second.source->take(left->bytes, stamp);
    found->second.source->keep_rest();
    found->second.file->sink->more(*found->second.source);
    set_due(*found->second.file);
    return;
  }
  Source source(*spool_, index, 0);
  source.take(left->bytes, stamp);
  source.keep_rest();
}

// Of sources and files that nobody came for: what still waits is written.
void CaptureThread::Loop::adopt_rest(const std::vector<SinkSpec>& known) {
  const auto spec_of = [&](const SinkEntry& entry) {
    const std::string_view path(entry.path, entry.path_size);
    const auto found = std::ranges::find(known, path, &SinkSpec::path);
    return found == known.end() ? SinkSpec{.path = std::string(path)} : *found;
  };
  for (uint32_t i = 0; i < spool_->sources_end(); ++i) {
    SourceEntry& entry = spool_->source(i);
    if (entry.key == 0 || sources_.contains(i)) continue;
    auto source = std::make_unique<Source>(*spool_, i, 0);
    const auto sink = static_cast<uint32_t>(entry.sink.load());
    const bool has_sink =
        sink < spool_->sinks_end() && spool_->sink(sink).used != 0;
    if (!source->queued() || !has_sink) {
      (void)source->tell_dropped(observer_);
      source->release();
      continue;
    }
    const auto file = file_for(spec_of(spool_->sink(sink)));
    if (!file) {
      base::log::error("capture: {}", file.error().message);
      continue;
    }
    Attached& attached = enter(std::move(source), **file, true);
    (*file)->sink->end(*attached.source);
  }
  for (uint32_t i = 0; i < spool_->sinks_end(); ++i) {
    SinkEntry& entry = spool_->sink(i);
    if (entry.used == 0) continue;
    const std::string path(entry.path, entry.path_size);
    if (files_.contains(path)) continue;
    if (path.empty() || entry.done == entry.writes.sequence())
      spool_->remove_sink(i);
    else if (const auto file = file_for(spec_of(entry)); !file)
      base::log::error("capture: {}", file.error().message);
  }
}

}  // namespace capture
