#pragma once
// One running copy of an app: carries out what the state table says. Owned by
// its Supervisor; lives on the control loop.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "config/app_spec.h"
#include "supervisor/cgroups.h"
#include "supervisor/health_monitor.h"
#include "supervisor/launch_gate.h"
#include "supervisor/launcher.h"
#include "supervisor/life.h"
#include "supervisor/observer.h"
#include "supervisor/prober.h"
#include "supervisor/readiness.h"
#include "supervisor/state_table.h"
#include "supervisor/sweeper.h"

namespace supervisor {

// What every instance works with. Outlives them all.
struct Surroundings {
  base::EventLoop& loop;
  const base::Clock& clock;
  Launcher& launcher;
  Prober& prober;
  Observer& observer;
  Sweeper& sweeper;
  LaunchGate& gate;
  Cgroups& groups;
  std::string home_id;
  std::function<uint64_t(int id)> next_slot;
  std::function<double()> chance;  // [0, 1)
  std::function<void()> changed;   // some instance is in another state
};

// The end of a process, as its parent tells it.
struct ExitNews {
  int status = 0;     // as of waitpid(2)
  bool known = true;  // false: the status went to another parent
  base::Timestamp when;
};
Ending ending_of(const ExitNews& news, base::Timestamp launched);

// How a start, stop or restart of one instance ended.
struct Settled {
  bool failed = false;
  std::string detail;  // words for the user; empty when all is well
  std::chrono::milliseconds took{0};
  bool held = false;  // there was no life of which this could be told
};

class Instance {
 public:
  Instance(Surroundings& around, const config::AppSpec& spec, Life life);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Commands. `done` is called once, never from within the call: when the
  // instance is ready or has failed to become it; when it is down; or, as
  // failed, when a later command wants the contrary, or what it depends on
  // failed. One that depends on others is held until release().
  void start(Cause cause, std::function<void(Settled)> done);
  void restart(Cause cause, std::function<void(Settled)> done);
  // `signal`: in the place of the configured one; 0 = that.
  void stop(Cause cause, std::function<void(Settled)> done, int signal = 0);
  // From now on nothing but its end is to come: start and restart fail.
  void set_leaving() { leaving_ = true; }
  bool leaving() const { return leaving_; }

  // Restart counters to zero; what waits for its next start goes on waiting.
  void reset();
  // To the main process. Errc::NotFound: it has none.
  base::Status signal(int number) const;

  // News.
  void on_spawned(int pid, base::UniqueFd pidfd, int error, int step);
  void on_exited(const ExitNews& news);
  // A life that an earlier daemon started and that still goes on, or that ended
  // unseen (status as of waitpid).
  void adopt(Life life, int pid, base::UniqueFd pidfd);
  void adopt_ended(Life life, const ExitNews& news);
  void adopt_unspawned(Life life);  // the keeper was still forking
  // The keeper is gone, and with it the answer to a launch under way.
  void on_keeper_lost();
  // It says of itself: READY=1 or process.send("ready"); and the rest of what
  // sd_notify can say. From a process of its tree.
  void on_ready_word();
  void on_notice(const Notice& notice);

  // While Held: what it depends on is there; is on its way; will not come.
  void release();
  void keep_waiting(std::string why);
  void bar(const std::string& why);

  State state() const { return state_; }
  const Life& life() const { return life_; }
  int pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  bool wanted() const { return wanted_; }
  void set_wanted(bool wanted) { wanted_ = wanted; }
  // Down, but not by anybody's wish: it has ended as it should, or was never
  // started. What is due by the calendar may start it.
  bool resting() const { return resting_; }
  void set_resting(bool resting) { resting_ = resting; }
  const std::string& reason() const { return reason_; }
  // It is what it was to be, in this life.
  bool ready() const { return life_.ready; }
  HealthRecord health() const;
  bool barred() const { return barred_; }
  // Its last life ended by itself, as it should.
  bool ended_well() const;
  // STATUS=, and MAINPID= when that is one of its own; of this life.
  const std::string& said() const { return said_; }
  int main_pid() const { return main_pid_; }
  const Ending* last_ending() const {
    return has_ended_ ? &last_ending_ : nullptr;
  }
  std::chrono::milliseconds uptime() const;
  std::chrono::milliseconds time_to_start() const;  // of Waiting, Errored

 private:
  void apply(Event event);
  void act(Action action);
  void launch();
  void launch_now(uint64_t old);
  void terminate();
  int stop_signal() const;
  void delay();
  void settle();
  void hold();
  void begin_readying(std::chrono::milliseconds limit,
                      std::chrono::milliseconds stable_in);
  std::chrono::milliseconds time_to_stable() const;
  void become_ready();
  void not_ready();
  void watch_health(bool was_ready);
  void on_health(HealthNews news);
  void fail(std::string why);
  void judge(const Ending& ending);
  void conclude(const Ending& ending);
  void swept();
  void stop_looking();
  void became_stable();
  void sweep_leftovers(int root);
  bool limited() const;
  std::string group() const;  // directory; empty = it has none
  bool refuse(std::function<void(Settled)>& done);
  void answer(std::vector<std::function<void(Settled)>>& waiters, bool failed,
              std::string detail, bool held = false);
  void answer_up(bool failed, std::string detail);
  void launch_failed(std::string why);
  void tell(Happening happening);

  Surroundings& around_;
  const config::AppSpec& spec_;
  Life life_;
  State state_ = State::Stopped;
  bool wanted_ = false;
  bool resting_ = false;
  bool leaving_ = false;
  int pid_ = 0;
  base::UniqueFd pidfd_;
  bool process_over_ = true;  // of the current life
  bool has_ended_ = false;
  bool by_itself_ = false;  // that it ended was its own doing
  Ending last_ending_;
  std::string reason_;
  std::string why_launch_;
  bool barred_ = false;
  bool told_unhealthy_ = false;
  std::string said_;
  int main_pid_ = 0;
  Cause cause_;
  std::chrono::milliseconds delay_{0};
  base::MonoTime due_;
  base::MonoTime asked_;
  int stop_signal_ = 0;  // of stop(); 0 = as configured
  uint64_t sweep_ = 0;
  base::Timer delay_timer_;                 // of Waiting and Errored
  base::Timer stable_timer_;                // min_uptime
  base::Timer ready_timer_;                 // listen_timeout
  std::unique_ptr<HealthMonitor> monitor_;  // of the current life
  // Expires with this instance: for tasks on the loop.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::vector<std::function<void(Settled)>> up_waiters_;
  std::vector<std::function<void(Settled)>> down_waiters_;
};

}  // namespace supervisor
