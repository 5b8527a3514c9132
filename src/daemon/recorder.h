#pragma once
// What the daemon puts on disk beside logs: events, the catalog, the app list.
// Asked on the control loop, written in order by one worker, so that a slow
// disk delays answers and nothing else.

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/home.h"
#include "base/worker_pool.h"
#include "store/catalog.h"
#include "store/events.h"

namespace daemon_ {

class Recorder {
 public:
  // `print_list` gives the app list as it is now; called on the loop. Without
  // it none is kept.
  Recorder(base::EventLoop& loop, const base::Home& home,
           std::function<std::string()> print_list);

  ~Recorder() { pass_events(); }

  // An event that can't be written, as on a full disk, is tried again every
  // second, and those after it wait for it; of too many the oldest go, which is
  // then told.
  // What one turn of the loop brings is written together, as when hundreds of
  // apps are taken over.
  // `complete` adds what takes reading files; on the worker, before.
  using Complete = std::function<void(store::Event&)>;
  void record(store::Event event, Complete complete = {});
  void save(const store::Catalog& catalog);
  // The events of apps that were deleted with their logs.
  void remove_events(const std::set<std::string>& apps);
  // The app list has changed. Changes that come while it is being written are
  // written together, and so are those that nobody waits for: hundreds of
  // starts are not hundreds of lists.
  void list_changed();
  // On the worker, after what was asked for before: for other files that only
  // the daemon touches.
  void run_aside(std::function<void()> job) { submit(std::move(job)); }
  // Calls back on the loop when all of the above that was asked for before is
  // on disk, or has failed to get there.
  void when_written(std::function<void(base::Status)> done);

 private:
  static constexpr size_t kMostWaiting = 1000;

  void submit(std::function<void()> job);  // after the events until now
  void pass_events();
  void write_soon();
  void write_list();
  void list_written(base::Status status);
  void retry_events();
  // On the worker.
  void write_events();

  base::EventLoop& loop_;
  const base::Home& home_;
  std::function<std::string()> print_list_;
  base::Timer retry_;
  base::Timer event_retry_;
  base::MonoTime written_;  // when the last list was
  std::chrono::milliseconds pause_{0};
  bool dirty_ = false;
  bool writing_ = false;
  bool list_failed_ = false;  // the last time; it is tried again
  std::vector<std::function<void(base::Status)>> waiting_;  // for a later write
  std::vector<std::function<void(base::Status)>> in_flight_;  // for this one
  std::vector<std::pair<store::Event, Complete>> recorded_;   // in this turn
  // The worker's: events not yet written, and how many had to go.
  std::deque<store::Event> events_;
  uint64_t events_lost_ = 0;
  bool events_failed_ = false;
  base::WorkerPool worker_{1};  // last: it ends before what it works on
};

}  // namespace daemon_
