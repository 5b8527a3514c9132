#include "supervisor/instance.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;

std::string spawn_failure(const config::AppSpec& spec, int error, int step) {
  const char* why = ::strerror(error);
  if (step == 1) return fmt::format("cwd {}: {}", spec.cwd, why);
  if (step == 3)
    return fmt::format("could not be started as {}{}{}: {}", spec.uid,
                       spec.gid.empty() ? "" : ":", spec.gid, why);
  if (step == 5) return fmt::format("limits: could not be set: {}", why);
  if (step == 6) return fmt::format("limits: its control group: {}", why);
  if (step == 4) return fmt::format("no terminal for it: {}", why);
  if (step == 0) return fmt::format("could not be started: {}", why);
  return fmt::format("could not be started: {}: {}", spec.script, why);
}

bool is_down(State state) {
  return state == State::Stopped || state == State::Waiting ||
         state == State::Errored || state == State::Held;
}

}  // namespace

Ending ending_of(const ExitNews& news, base::Timestamp launched) {
  Ending ending;
  ending.known = news.known;
  if (WIFSIGNALED(news.status)) ending.signal = WTERMSIG(news.status);
  ending.core = WIFSIGNALED(news.status) && WCOREDUMP(news.status);
  if (WIFEXITED(news.status)) ending.code = WEXITSTATUS(news.status);
  ending.uptime =
      milliseconds(std::max<int64_t>((news.when.us - launched.us) / 1000, 0));
  return ending;
}

Instance::Instance(Surroundings& around, const config::AppSpec& spec, Life life)
    : around_(around),
      spec_(spec),
      life_(std::move(life)),
      delay_timer_(around.loop, [this] { apply(Event::Due); }),
      stable_timer_(around.loop, [this] { became_stable(); }),
      ready_timer_(around.loop, [this] { not_ready(); }) {}

Instance::~Instance() {
  if (sweep_ != 0) around_.sweeper.cancel(sweep_);
  answer_up(true, "deleted meanwhile");
  answer(down_waiters_, true, "deleted meanwhile");
}

void Instance::start(Cause cause, std::function<void(Settled)> done) {
  if (refuse(done)) return;
  const bool running = wanted_ && state_ == State::Online;
  if (running) {
    if (done) around_.loop.post([done = std::move(done)] { done({}); });
    return;
  }
  // One that waits for the same joins; one that waits for the end is overtaken.
  answer(down_waiters_, true,
         fmt::format("started again meanwhile by {} ({})", cause.actor,
                     cause.command));
  wanted_ = true;
  resting_ = false;
  cause_ = std::move(cause);
  asked_ = around_.clock.mono();
  if (done) up_waiters_.push_back(std::move(done));
  why_launch_ = cause_.why.empty() ? "start" : cause_.why;
  life_.history = {};
  apply(spec_.depends_on.empty() || !is_down(state_) ? Event::Start
                                                     : Event::Hold);
}

void Instance::restart(Cause cause, std::function<void(Settled)> done) {
  if (refuse(done)) return;
  answer(down_waiters_, true,
         fmt::format("restarted meanwhile by {} ({})", cause.actor,
                     cause.command));
  wanted_ = true;
  resting_ = false;
  cause_ = std::move(cause);
  asked_ = around_.clock.mono();
  if (done) up_waiters_.push_back(std::move(done));
  why_launch_ = cause_.why.empty() ? "restart" : cause_.why;
  if (cause_.why.empty()) life_.history = {};
  stop_signal_ = 0;
  apply(spec_.depends_on.empty() || !is_down(state_) ? Event::Restart
                                                     : Event::Hold);
}

void Instance::stop(Cause cause, std::function<void(Settled)> done,
                    int signal) {
  answer_up(true, fmt::format("stopped meanwhile by {} ({})", cause.actor,
                              cause.command));
  wanted_ = false;
  resting_ = false;
  cause_ = std::move(cause);
  asked_ = around_.clock.mono();
  if (done) down_waiters_.push_back(std::move(done));
  stop_signal_ = signal;
  apply(Event::Stop);
}

void Instance::reset() {
  life_.restarts = 0;
  life_.history = {};
  if (life_.slot != 0) around_.launcher.relabel(life_);
}

base::Status Instance::signal(int number) const {
  if (pid_ == 0 || process_over_)
    return base::fail(base::Errc::NotFound, "it is not running");
  // By the descriptor: the number may be another's by now.
  const long sent = pidfd_ ? ::syscall(SYS_pidfd_send_signal, pidfd_.get(),
                                       number, nullptr, 0)
                           : ::kill(pid_, number);
  if (sent == 0) return {};
  return base::fail(base::Errc::Io, ::strerror(errno));
}

bool Instance::refuse(std::function<void(Settled)>& done) {
  if (!leaving_) return false;
  if (done)
    around_.loop.post(
        [done = std::move(done)] { done({true, "it is being deleted", {}}); });
  return true;
}

void Instance::apply(Event event) {
  const Step next = step(state_, event);
  const bool changed = state_ != next.next || next.action != Action::None;
  state_ = next.next;
  act(next.action);
  if (changed) around_.changed();
}

void Instance::act(Action action) {
  switch (action) {
    case Action::None:
      return;
    case Action::Launch:
      return launch();
    case Action::Terminate:
      return terminate();
    case Action::Delay:
      return delay();
    case Action::Settle:
      return settle();
    case Action::Hold:
      return hold();
  }
}

void Instance::launch() {
  delay_timer_.stop();
  stop_looking();
  const uint64_t old = life_.slot;
  if (life_.generation > 0) ++life_.restarts;
  ++life_.generation;
  life_.slot = around_.next_slot(life_.id);
  life_.accounted = false;
  life_.ready = false;
  life_.unfit.clear();
  barred_ = false;
  told_unhealthy_ = false;
  said_.clear();
  main_pid_ = 0;
  pid_ = 0;
  pidfd_.reset();
  process_over_ = false;
  reason_.clear();
  around_.gate.enter(life_.slot,
                     [this, alive = std::weak_ptr<int>(alive_),
                      &gate = around_.gate, slot = life_.slot, old] {
                       if (alive.expired() || life_.slot != slot)
                         return gate.leave(slot);
                       launch_now(old);
                     });
}

void Instance::launch_now(uint64_t old) {
  life_.launched = around_.clock.now();
  // Only now: until there is a new one, the old slot's label is what a new
  // daemon would know of the restarts so far.
  base::Status status;
  auto plan =
      plan_launch(spec_, {life_.id, life_.number, life_.tag(around_.home_id)});
  if (plan)
    status = around_.launcher.launch(life_, spec_, *plan);
  else
    status = base::fail(std::move(plan.error()));
  if (old != 0) around_.launcher.forget(old);
  if (limited()) around_.groups.tidy(life_.id, life_.generation);
  if (status) return;
  // As if exec had failed, but later: the table must not be entered twice.
  around_.loop.post([this, alive = std::weak_ptr<int>(alive_),
                     &gate = around_.gate, slot = life_.slot,
                     why = status.error().message] {
    gate.leave(slot);
    if (!alive.expired() && life_.slot == slot) launch_failed(why);
  });
}

void Instance::launch_failed(std::string why) {
  if (process_over_) return;
  process_over_ = true;
  reason_ = std::move(why);
  Ending ending;
  ending.started = false;
  judge(ending);
}

void Instance::on_keeper_lost() {
  if (process_over_ || pid_ != 0) return;
  // It may have been forked all the same.
  sweep_leftovers(0);
  launch_failed("the keeper was lost while it was being started");
}

void Instance::on_spawned(int pid, base::UniqueFd pidfd, int error, int step) {
  if (error != 0) return launch_failed(spawn_failure(spec_, error, step));
  pid_ = pid;
  pidfd_ = std::move(pidfd);
  tell({.kind = Happening::Kind::Started, .reason = why_launch_});
  why_launch_ = "crash";
  apply(Event::Spawned);
  if (state_ == State::Starting)
    begin_readying(ready_limit(spec_), spec_.min_uptime);
}

void Instance::on_exited(const ExitNews& news) {
  if (process_over_) return;  // told twice, by an old keeper and a new one
  process_over_ = true;
  judge(ending_of(news, life_.launched));
}

// The process is over: was it told to, and what comes next?
void Instance::judge(const Ending& ending) {
  stop_looking();
  last_ending_ = ending;
  // Of a life that the last daemon was ending, too. Not what somebody asked for
  // meanwhile.
  const bool asked = state_ == State::Stopping || state_ == State::Restarting;
  if (!asked) last_ending_.unfit = life_.unfit;
  last_ending_.came_up = life_.ready || ready_by(spec_) == ReadyBy::Uptime;
  has_ended_ = true;
  const bool told = asked || state_ == State::Failing;
  by_itself_ = !told;
  if (!life_.accounted)
    tell({.kind = Happening::Kind::Ended,
          .ending = ending,
          .reason = !ending.started ? reason_
                    : asked         ? "as asked"
                                    : life_.unfit,
          .told = told});
  life_.accounted = true;
  if (life_.slot != 0) around_.launcher.relabel(life_);
  const int root = std::exchange(pid_, 0);
  pidfd_.reset();
  if (told) {
    if (sweep_ != 0)
      around_.sweeper.root_ended(sweep_);
    else
      terminate();  // it ended before it had a pid: sweep what it left
    return;
  }
  if (ending.signal != 0 && spec_.keep.treekill) sweep_leftovers(root);
  conclude(last_ending_);
}

// What comes next, by the restart policy.
void Instance::conclude(const Ending& ending) {
  const std::string words = ending.started ? describe_ending(ending) : reason_;
  Decision decision = decide(spec_, life_.history, ending, around_.chance());
  life_.history = decision.history;
  delay_ = decision.delay;
  switch (decision.verdict) {
    case Verdict::Retry:
      answer_up(true, words);
      return apply(Event::Retry);
    case Verdict::RetryLater:
      answer_up(true, words);
      return apply(Event::RetryLater);
    case Verdict::GiveUp:
    case Verdict::Failed:
      answer_up(true, words);
      reason_ =
          ending.started ? decision.reason : reason_ + "; " + decision.reason;
      return apply(Event::GiveUp);
    case Verdict::StayDown:
      answer_up(false, words);
      wanted_ = false;  // it has done what it was started for
      resting_ = true;
      return apply(Event::StayDown);
  }
}

// A process killed from outside leaves children that would fight its
// successor for ports and files.
void Instance::sweep_leftovers(int root) {
  around_.sweeper.begin({.root = root,
                         .root_ended = true,
                         .tag = life_.tag(around_.home_id),
                         .root_alone = false,
                         .group = group(),
                         .signal = SIGTERM,
                         .kill_after = spec_.kill_timeout,
                         .on_empty = {}});
}

bool Instance::limited() const {
  return spec_.keep.limits != config::Limits{};
}

std::string Instance::group() const {
  return around_.groups.find(life_.id, life_.generation);
}

void Instance::became_stable() {
  life_.history.unstable = 0;
  life_.ready = true;
  answer_up(false, {});
  around_.changed();
}

void Instance::terminate() {
  delay_timer_.stop();
  stop_looking();
  if (!process_over_ && pid_ == 0) return;  // Spawned will bring us here again
  if (sweep_ != 0) return;                  // already on its way
  // Of Failing, its reason is told with its end.
  if (state_ != State::Failing)
    tell({.kind = Happening::Kind::Stopping, .reason = cause_.why});
  const bool messaged =
      spec_.shutdown_with_message && pid_ != 0 &&
      around_.launcher.send_message(life_.slot, R"("shutdown")");
  sweep_ = around_.sweeper.begin({.root = pid_,
                                  .root_ended = process_over_,
                                  .tag = life_.tag_prefix(around_.home_id),
                                  .root_alone = !spec_.keep.treekill,
                                  .group = group(),
                                  .signal = messaged ? 0 : stop_signal(),
                                  .kill_after = spec_.kill_timeout,
                                  .on_empty = [this] { swept(); }});
}

int Instance::stop_signal() const {
  return stop_signal_ != 0 ? stop_signal_ : spec_.keep.kill_signal;
}

void Instance::swept() {
  sweep_ = 0;
  if (state_ == State::Failing) return conclude(last_ending_);
  apply(Event::Gone);
}

void Instance::delay() {
  if (state_ == State::Waiting) {
    tell({.kind = Happening::Kind::Waiting, .delay = delay_});
    reason_ = describe_ending(last_ending_);
  } else {
    tell({.kind = Happening::Kind::Errored, .reason = reason_});
  }
  if (state_ == State::Errored && delay_ == milliseconds{0}) return;
  due_ = around_.clock.mono() + delay_;
  delay_timer_.start(delay_);
}

void Instance::settle() {
  delay_timer_.stop();
  reason_.clear();
  if (limited()) around_.groups.tidy(life_.id, life_.generation + 1);
  answer(down_waiters_, false, {});
  around_.observer.on_list_changed();
}

milliseconds Instance::uptime() const {
  if (pid_ == 0) return milliseconds{0};
  const auto us = around_.clock.now().us - life_.launched.us;
  return milliseconds(std::max<int64_t>(us / 1000, 0));
}

milliseconds Instance::time_to_start() const {
  const bool due = state_ == State::Waiting ||
                   (state_ == State::Errored && delay_ > milliseconds{0});
  if (!due) return milliseconds{-1};
  const auto left =
      std::chrono::ceil<milliseconds>(due_ - around_.clock.mono());
  return std::max(left, milliseconds{0});
}

void Instance::answer_up(bool failed, std::string detail) {
  answer(up_waiters_, failed, std::move(detail));
}

void Instance::answer(std::vector<std::function<void(Settled)>>& waiters,
                      bool failed, std::string detail, bool held) {
  if (waiters.empty()) return;
  const Settled settled{
      failed, std::move(detail),
      std::chrono::duration_cast<milliseconds>(around_.clock.mono() - asked_),
      held};
  around_.loop.post([waiters = std::exchange(waiters, {}), settled] {
    for (const auto& done : waiters) done(settled);
  });
}

void Instance::tell(Happening happening) {
  happening.life = life_;
  happening.pid = pid_;
  happening.cause = cause_;
  happening.restarts_left =
      std::max(spec_.max_restarts - life_.history.unstable, 0);
  around_.observer.on_happening(happening);
}

}  // namespace supervisor
