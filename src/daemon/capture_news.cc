#include "daemon/capture_news.h"

#include "base/log.h"

namespace daemon_ {
namespace {

store::Event event_of(store::EventKind kind, const capture::SourceInfo& source,
                      std::string_view reason) {
  store::Event event;
  event.kind = kind;
  event.app = source.app;
  event.id = source.app_id;
  event.instance = source.instance;
  event.generation = source.generation;
  event.stream = source.stream;
  event.reason = reason;
  return event;
}

std::string_view word_for(capture::Dropped::Why why) {
  switch (why) {
    case capture::Dropped::Why::Overflow:
      return "overflow";
    case capture::Dropped::Why::DiskFull:
      return "disk_full";
    case capture::Dropped::Why::Rate:
      return "rate";
  }
  return {};
}

}  // namespace

CaptureNews::CaptureNews(base::EventLoop& loop, const base::Clock& clock,
                         std::string log_dir, Chronicle& chronicle,
                         CaptureTally& tally, SealGate& gate, Hooks hooks)
    : loop_(loop),
      clock_(clock),
      log_dir_(std::move(log_dir)),
      chronicle_(chronicle),
      tally_(tally),
      gate_(gate),
      hooks_(std::move(hooks)) {}

void CaptureNews::on_source_ended(uint64_t source) {
  loop_.post([this, source] {
    tally_.source_ended(source);
    hooks_.ended(source);
  });
}

void CaptureNews::on_line_ended(const capture::SourceInfo& source,
                                base::Timestamp line) {
  auto event = event_of(store::EventKind::LineEnded, source, {});
  event.time = clock_.now();
  event.line = line;
  // The disk may be full: then it is there once there is space.
  if (!store::append_event(log_dir_, event)) record(std::move(event));
}

void CaptureNews::on_trouble(const capture::SourceInfo& source,
                             const base::Error& error) {
  base::log::error("{}: {}", source.app, error.message);
  record(event_of(store::EventKind::Error, source, error.message));
}

void CaptureNews::on_reopened(const capture::SourceInfo& source,
                              std::string_view what,
                              const capture::Held& held) {
  auto event = event_of(store::EventKind::Lost, source, what);
  event.first = held.first;
  event.last = held.last;
  record(std::move(event));
}

void CaptureNews::on_dropped(const capture::SourceInfo& source,
                             const capture::Dropped& dropped) {
  auto event = event_of(store::EventKind::Drop, source, word_for(dropped.why));
  event.lines = static_cast<int64_t>(dropped.lines);
  event.bytes = static_cast<int64_t>(dropped.bytes);
  event.first = dropped.first;
  event.last = dropped.last;
  loop_.post([this, app = source.app, instance = source.instance, dropped] {
    tally_.dropped(app, instance, {dropped.lines, dropped.bytes});
  });
  record(std::move(event));
}

void CaptureNews::on_disk_full(const capture::SourceInfo& source, bool full) {
  loop_.post([this, source, full] {
    tally_.disk_full(source.app, source.instance, source.id, full);
    if (full) hooks_.disk_full();
  });
  record(event_of(full ? store::EventKind::DiskFull : store::EventKind::DiskOk,
                  source, {}));
}

void CaptureNews::on_unaccounted(const capture::SourceInfo& source,
                                 std::string_view what) {
  record(event_of(store::EventKind::Lost, source, what));
}

void CaptureNews::on_sealed(const capture::SourceInfo& source,
                            const std::string& segment, uint64_t bytes) {
  gate_.sealed(bytes);
  auto event = event_of(store::EventKind::Seal, source, {});
  event.file = segment;
  event.bytes = static_cast<int64_t>(bytes);
  record(std::move(event));
  loop_.post([this, app = source.app, segment, bytes] {
    hooks_.sealed(app, segment, bytes);
  });
}

// As of now: what it tells of may have to wait for the loop, or for a disk.
void CaptureNews::record(store::Event event) {
  if (event.time == base::Timestamp{}) event.time = clock_.now();
  loop_.post([this, event = std::move(event)] { chronicle_.record(event); });
}

}  // namespace daemon_
