// The part of an instance's life from having a process to being what it was to
// be, and what may end that: its own word, its health, those it depends on.
#include <algorithm>

#include "supervisor/instance.h"

namespace supervisor {

using std::chrono::milliseconds;

// Who has nothing to show is online at once, and ready in min_uptime.
void Instance::begin_readying(milliseconds limit, milliseconds stable_in) {
  const auto by = ready_by(spec_);
  if (by == ReadyBy::Uptime) {
    stable_timer_.start(stable_in);
    return apply(Event::Ready);
  }
  ready_timer_.start(limit);
  if (by == ReadyBy::Health) watch_health(false);
}

void Instance::become_ready() {
  if (state_ != State::Starting) return;
  ready_timer_.stop();
  life_.ready = true;
  around_.launcher.relabel(life_);
  reason_.clear();
  tell({.kind = Happening::Kind::Ready, .delay = uptime()});
  stable_timer_.start(time_to_stable());
  answer_up(false, {});
  apply(Event::Ready);
}

void Instance::not_ready() {
  if (state_ != State::Starting) return;
  why_launch_ = "not ready";
  fail(not_ready_words(spec_, monitor_ ? monitor_->record().why : ""));
}

void Instance::watch_health(bool was_ready) {
  monitor_ = std::make_unique<HealthMonitor>(
      around_.loop, around_.prober, around_.chance, spec_, life_,
      [this](HealthNews news) { on_health(news); });
  monitor_->begin(was_ready);
}

void Instance::on_health(HealthNews news) {
  if (news == HealthNews::BecameHealthy) {
    if (state_ == State::Starting) return become_ready();
    if (std::exchange(told_unhealthy_, false))
      tell({.kind = Happening::Kind::Healthy});
    return around_.changed();
  }
  if (state_ != State::Online) return;
  told_unhealthy_ = true;
  const std::string why = monitor_->record().why;
  tell({.kind = Happening::Kind::Unhealthy, .reason = why});
  around_.changed();
  // Without restarts there would be nothing left of it.
  if (!spec_.autorestart) return;
  why_launch_ = "unhealthy";
  fail("was not healthy any more: " + why);
}

// It is ended, and then the restart policy has its say.
void Instance::fail(std::string why) {
  life_.unfit = std::move(why);
  around_.launcher.relabel(life_);
  reason_ = life_.unfit;
  answer_up(true, life_.unfit);
  apply(Event::Unfit);
}

void Instance::on_ready_word() {
  if (ready_by(spec_) == ReadyBy::Word) become_ready();
}

void Instance::on_notice(const Notice& notice) {
  if (notice.status) said_ = *notice.status;
  if (notice.main_pid != 0) main_pid_ = notice.main_pid;
  if (notice.stopping && !notice.status) said_ = "stopping, it says";
  if (notice.ready) on_ready_word();
}

void Instance::release() {
  if (state_ != State::Held) return;
  apply(Event::Due);
}

void Instance::keep_waiting(std::string why) {
  if (state_ != State::Held) return;
  reason_ = std::move(why);
  if (std::exchange(barred_, false)) around_.changed();
}

void Instance::bar(const std::string& why) {
  if (state_ != State::Held) return;
  reason_ = "not started: " + why;
  answer(up_waiters_, true, reason_, true);
  if (std::exchange(barred_, true)) return;
  around_.changed();
  around_.observer.on_barred();
}

HealthRecord Instance::health() const {
  return monitor_ ? monitor_->record() : HealthRecord{};
}

bool Instance::ended_well() const {
  if (!has_ended_) return life_.generation > 0 && !wanted_;
  return last_ending_.started && last_ending_.known && by_itself_ &&
         last_ending_.signal == 0 &&
         (last_ending_.code == 0 ||
          std::ranges::count(spec_.stop_exit_codes, last_ending_.code) > 0);
}

void Instance::stop_looking() {
  stable_timer_.stop();
  ready_timer_.stop();
  monitor_.reset();
}

void Instance::hold() {
  delay_timer_.stop();
  barred_ = false;
  reason_ = "waits for what it depends on";
}

milliseconds Instance::time_to_stable() const {
  return std::max(spec_.min_uptime - uptime(), milliseconds{0});
}

}  // namespace supervisor
