#include "daemon/followers.h"

#include <utility>

namespace daemon_ {
namespace {

constexpr base::Millis kLook{2};
constexpr base::Millis kLimit{1000};

}  // namespace

Followers::Followers(base::EventLoop& loop, const base::Clock& clock,
                     std::string log_dir)
    : clock_(clock),
      log_dir_(std::move(log_dir)),
      timer_(loop, [this] { look(); }) {}

void Followers::wait(Done done) {
  next_.push_back(std::move(done));
  if (!period_) begin();
}

void Followers::begin() {
  present_ = std::exchange(next_, {});
  begun_ = clock_.mono();
  auto period = store::GracePeriod::begin(log_dir_);
  // Where nobody can be waited for the lines go all the same.
  if (!period || !*period) return end(base::MonoTime::max());
  period_ = std::move(*period);
  timer_.start(kLook, kLook);
}

void Followers::look() {
  if (period_->is_over()) return end(begun_);
  if (clock_.mono() - begun_ >= kLimit) end(base::MonoTime::max());
}

void Followers::end(base::MonoTime opened) {
  timer_.stop();
  period_.reset();
  for (const auto& done : std::exchange(present_, {})) done(opened);
  if (!next_.empty() && !period_) begin();
}

}  // namespace daemon_
