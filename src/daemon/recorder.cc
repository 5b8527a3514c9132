#include "daemon/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "supervisor/app_list.h"

namespace daemon_ {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
// Between lists that nobody waits for: so long at least, and so many times as
// long as one takes to be put together.
constexpr std::chrono::milliseconds kPause{100};
constexpr int kShare = 20;

}  // namespace

Recorder::Recorder(base::EventLoop& loop, const base::Home& home,
                   std::function<std::string()> print_list)
    : loop_(loop),
      home_(home),
      print_list_(std::move(print_list)),
      retry_(loop,
             [this] {
               if (dirty_ && !writing_) write_list();
             }),
      event_retry_(loop, [this] { retry_events(); }) {}

void Recorder::record(store::Event event, Complete complete) {
  if (recorded_.empty()) loop_.post([this] { pass_events(); });
  recorded_.emplace_back(std::move(event), std::move(complete));
}

void Recorder::pass_events() {
  if (recorded_.empty()) return;
  worker_.submit([this, recorded = std::exchange(recorded_, {})]() mutable {
    for (auto& [event, complete] : recorded) {
      if (complete) complete(event);
      events_.push_back(std::move(event));
    }
    // While they fail, the timer alone tries: not once an event.
    if (!events_failed_) write_events();
    while (events_.size() > kMostWaiting) {
      events_.pop_front();
      ++events_lost_;
    }
  });
}

void Recorder::submit(std::function<void()> job) {
  pass_events();
  worker_.submit(std::move(job));
}

void Recorder::retry_events() {
  submit([this] { write_events(); });
}

void Recorder::write_events() {
  while (!events_.empty()) {
    auto written = store::turn_events(home_.logs(), events_.front().app,
                                      base::SystemClock().now());
    if (written)
      written = store::append_events(home_.logs(), events_, events_failed_);
    if (written) continue;
    if (!events_failed_) base::log::error("{}", written.error().message);
    events_failed_ = true;
    loop_.post([this] { event_retry_.start(kRetry); });
    return;
  }
  events_failed_ = false;
  if (events_lost_ == 0) return;
  store::Event lost;
  lost.kind = store::EventKind::Lost;
  lost.time = base::SystemClock().now();
  lost.reason =
      fmt::format("{} events that could not be written", events_lost_);
  events_lost_ = 0;
  events_.push_back(std::move(lost));
  write_events();
}

void Recorder::save(const store::Catalog& catalog) {
  submit([logs = home_.logs(), catalog] {
    if (auto saved = store::save_catalog(logs, catalog); !saved)
      base::log::error("{}", saved.error().message);
  });
}

void Recorder::remove_events(const std::set<std::string>& apps) {
  submit([this, logs = home_.logs(), apps] {
    std::erase_if(events_,
                  [&](const auto& event) { return apps.contains(event.app); });
    for (const auto& app : apps) {
      const auto events = base::fs::join(logs, store::events_name(app));
      for (const auto& path : {store::earlier_events(events), events})
        if (auto gone = base::fs::unlink(path); !gone)
          base::log::error("{}", gone.error().message);
    }
  });
}

void Recorder::list_changed() {
  if (!print_list_) return;
  if (dirty_) return;
  dirty_ = true;
  // From the loop's next turn: one command changes the list several times.
  loop_.post([this] {
    if (!writing_) write_soon();
  });
}

void Recorder::write_soon() {
  if (!dirty_) return;
  const auto now = base::SystemClock().mono();
  if (!waiting_.empty() || now - written_ >= pause_) return write_list();
  retry_.start(pause_);
}

void Recorder::when_written(std::function<void(base::Status)> done) {
  if (dirty_ || writing_) {
    auto& queue = dirty_ ? waiting_ : in_flight_;
    queue.push_back(std::move(done));
    // Not when it suits us, now that somebody waits.
    if (dirty_)
      loop_.post([this] {
        if (dirty_ && !writing_ && !list_failed_) write_list();
      });
    return;
  }
  submit([this, done = std::move(done)] { loop_.post([done] { done({}); }); });
}

void Recorder::write_list() {
  dirty_ = false;
  writing_ = true;
  in_flight_ = std::exchange(waiting_, {});
  const auto began = base::SystemClock().mono();
  std::string list = print_list_();
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(
      base::SystemClock().mono() - began);
  pause_ = std::max(kPause, kShare * took);
  submit([this, path = home_.app_list(), text = std::move(list)] {
    auto status = supervisor::save_app_list(path, text);
    loop_.post([this, status = std::move(status)]() mutable {
      list_written(std::move(status));
    });
  });
}

void Recorder::list_written(base::Status status) {
  writing_ = false;
  list_failed_ = !status;
  written_ = base::SystemClock().mono();
  if (!status) base::log::error("{}", status.error().message);
  // Through the worker once more: events that were asked for after the list
  // are written by then.
  if (!in_flight_.empty())
    submit([this, waiting = std::exchange(in_flight_, {}), status] {
      loop_.post([waiting, status] {
        for (const auto& done : waiting) done(status);
      });
    });
  if (dirty_) {
    write_soon();
  } else if (!status) {
    dirty_ = true;
    retry_.start(kRetry);
  }
}

}  // namespace daemon_
