#pragma once
// What capture tells, made into events and counts. Called on the capture
// thread; all but the note of an added newline goes home to the control loop.

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "capture/observer.h"
#include "daemon/capture_tally.h"
#include "daemon/chronicle.h"
#include "daemon/seal_gate.h"

namespace daemon_ {

class CaptureNews final : public capture::Observer {
 public:
  // Called on the loop.
  struct Hooks {
    std::function<void(uint64_t source)> ended;  // no writer is left at it
    std::function<void(const std::string& app, const std::string& segment,
                       uint64_t bytes)>
        sealed;
    std::function<void()> disk_full;
  };
  CaptureNews(base::EventLoop& loop, const base::Clock& clock,
              std::string log_dir, Chronicle& chronicle, CaptureTally& tally,
              SealGate& gate, Hooks hooks);

  void on_source_ended(uint64_t source) override;
  // Writes the event itself, blocking: it must be there before the newline is.
  void on_line_ended(const capture::SourceInfo& source,
                     base::Timestamp line) override;
  void on_trouble(const capture::SourceInfo& source,
                  const base::Error& error) override;
  void on_reopened(const capture::SourceInfo& source, std::string_view what,
                   const capture::Held& held) override;
  void on_dropped(const capture::SourceInfo& source,
                  const capture::Dropped& dropped) override;
  void on_disk_full(const capture::SourceInfo& source, bool full) override;
  void on_unaccounted(const capture::SourceInfo& source,
                      std::string_view what) override;
  bool takes_segments() override { return gate_.is_open(); }
  void on_sealed(const capture::SourceInfo& source, const std::string& segment,
                 uint64_t bytes) override;

 private:
  void record(store::Event event);

  base::EventLoop& loop_;
  const base::Clock& clock_;
  const std::string log_dir_;
  Chronicle& chronicle_;  // on the loop alone
  CaptureTally& tally_;   // likewise
  SealGate& gate_;
  const Hooks hooks_;
};

}  // namespace daemon_
