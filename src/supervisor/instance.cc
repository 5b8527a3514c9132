#include "supervisor/instance.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/log.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;

Ending ending_of(const ExitNews& news, base::Timestamp launched) {
  Ending ending;
  ending.known = news.known;
  if (WIFSIGNALED(news.status)) ending.signal = WTERMSIG(news.status);
  if (WIFEXITED(news.status)) ending.code = WEXITSTATUS(news.status);
  ending.uptime =
      milliseconds(std::max<int64_t>((news.when.us - launched.us) / 1000, 0));
  return ending;
}

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

}  // namespace

Instance::Instance(Surroundings& around, const config::AppSpec& spec, Life life)
    : around_(around),
      spec_(spec),
      life_(std::move(life)),
      delay_timer_(around.loop, [this] { apply(Event::Due); }),
      stable_timer_(around.loop, [this] { became_stable(); }) {}

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
  apply(Event::Start);
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
  apply(Event::Restart);
}

void Instance::stop(Cause cause, std::function<void(Settled)> done) {
  answer_up(true, fmt::format("stopped meanwhile by {} ({})", cause.actor,
                              cause.command));
  wanted_ = false;
  resting_ = false;
  cause_ = std::move(cause);
  asked_ = around_.clock.mono();
  if (done) down_waiters_.push_back(std::move(done));
  apply(Event::Stop);
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
  state_ = next.next;
  act(next.action);
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
  }
}

void Instance::launch() {
  delay_timer_.stop();
  stable_timer_.stop();
  const uint64_t old = life_.slot;
  if (life_.generation > 0) ++life_.restarts;
  ++life_.generation;
  life_.slot = around_.next_slot();
  life_.launched = around_.clock.now();
  life_.accounted = false;
  pid_ = 0;
  pidfd_.reset();
  process_over_ = false;
  reason_.clear();
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
                     slot = life_.slot, why = status.error().message] {
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
  stable_timer_.start(spec_.min_uptime);
  apply(Event::Spawned);
}

void Instance::on_exited(const ExitNews& news) {
  if (process_over_) return;  // told twice, by an old keeper and a new one
  process_over_ = true;
  judge(ending_of(news, life_.launched));
}

// The process is over: was it told to, and what comes next?
void Instance::judge(const Ending& ending) {
  stable_timer_.stop();
  last_ending_ = ending;
  has_ended_ = true;
  const std::string words = ending.started ? describe_ending(ending) : reason_;
  const bool told = state_ == State::Stopping || state_ == State::Restarting;
  if (!life_.accounted)
    tell({.kind = Happening::Kind::Ended,
          .ending = ending,
          .reason =
              ending.started ? std::string(told ? "as asked" : "") : reason_});
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
  answer_up(false, {});
}

void Instance::terminate() {
  delay_timer_.stop();
  stable_timer_.stop();
  if (!process_over_ && pid_ == 0) return;  // Spawned will bring us here again
  if (sweep_ != 0) return;                  // already on its way
  tell({.kind = Happening::Kind::Stopping, .reason = cause_.why});
  sweep_ = around_.sweeper.begin({.root = pid_,
                                  .root_ended = process_over_,
                                  .tag = life_.tag_prefix(around_.home_id),
                                  .root_alone = !spec_.keep.treekill,
                                  .group = group(),
                                  .signal = spec_.keep.kill_signal,
                                  .kill_after = spec_.kill_timeout,
                                  .on_empty = [this] {
                                    sweep_ = 0;
                                    apply(Event::Gone);
                                  }});
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

void Instance::adopt(Life life, int pid, base::UniqueFd pidfd) {
  life_ = std::move(life);
  pid_ = pid;
  pidfd_ = std::move(pidfd);
  process_over_ = false;
  state_ = State::Online;
  why_launch_ = "crash";
  tell({.kind = Happening::Kind::Adopted});
  const auto left = spec_.min_uptime - uptime();
  if (left > milliseconds{0}) stable_timer_.start(left);
  if (!wanted_) apply(Event::Stop);
}

void Instance::adopt_ended(Life life, const ExitNews& news) {
  life_ = std::move(life);
  process_over_ = true;
  why_launch_ = "crash";
  last_ending_ = ending_of(news, life_.launched);
  has_ended_ = true;
  if (!wanted_ && life_.accounted) return;
  // Not wanted, and its end untold: the last daemon died in mid-stop, and what
  // the process left behind is still to be swept.
  state_ = wanted_ ? State::Online : State::Stopping;
  judge(last_ending_);
}

void Instance::adopt_unspawned(Life life) {
  life_ = std::move(life);
  process_over_ = false;
  state_ = State::Launching;
  why_launch_ = "start";
  if (!wanted_) apply(Event::Stop);
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
                      bool failed, std::string detail) {
  if (waiters.empty()) return;
  const Settled settled{
      failed, std::move(detail),
      std::chrono::duration_cast<milliseconds>(around_.clock.mono() - asked_)};
  around_.loop.post([waiters = std::exchange(waiters, {}), settled] {
    for (const auto& done : waiters) done(settled);
  });
}

void Instance::tell(Happening happening) {
  happening.life = life_;
  happening.pid = pid_;
  happening.cause = cause_;
  around_.observer.on_happening(happening);
}

}  // namespace supervisor
