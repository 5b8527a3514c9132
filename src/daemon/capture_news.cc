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

}  // namespace

CaptureNews::CaptureNews(base::EventLoop& loop, const base::Clock& clock,
                         std::string log_dir, Chronicle& chronicle,
                         std::function<void(uint64_t source)> on_ended)
    : loop_(loop),
      clock_(clock),
      log_dir_(std::move(log_dir)),
      chronicle_(chronicle),
      on_ended_(std::move(on_ended)) {}

void CaptureNews::on_source_ended(uint64_t source) {
  loop_.post([this, source] { on_ended_(source); });
}

void CaptureNews::on_line_ended(const capture::SourceInfo& source,
                                base::Timestamp line) {
  auto event = event_of(store::EventKind::LineEnded, source, {});
  event.time = clock_.now();
  event.line = line;
  if (auto written = store::append_event(log_dir_, event); !written)
    base::log::error("{}", written.error().message);
}

void CaptureNews::on_trouble(const capture::SourceInfo& source,
                             const base::Error& error) {
  base::log::error("{}: {}", source.app, error.message);
  record(event_of(store::EventKind::Error, source, error.message));
}

void CaptureNews::on_reopened(const capture::SourceInfo& source,
                              std::string_view what) {
  record(event_of(store::EventKind::Lost, source, what));
}

void CaptureNews::record(store::Event event) {
  loop_.post([this, event = std::move(event)] { chronicle_.record(event); });
}

}  // namespace daemon_
