#include "capture/pipe_reader.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/fs.h"

namespace capture {
namespace {

constexpr size_t kFirstCapacity = size_t{64} << 10;
constexpr size_t kLastCapacity = size_t{1} << 20;
constexpr size_t kPage = 4096;
constexpr size_t kUsualQuota = 16384;  // pages; the kernel's default

// A read that finds the pipe half full weighs four that don't: a child that
// fills its pipe in bursts is under pressure too.
constexpr int kWeight = 4;
constexpr int kGrowAt = 32;

size_t quota() {
  size_t pages = kUsualQuota;
  auto text = base::fs::read_file("/proc/sys/fs/pipe-user-pages-soft");
  if (text) std::from_chars(text->data(), text->data() + text->size(), pages);
  if (pages == 0) pages = kUsualQuota;  // 0 means no limit; we keep to one
  return pages * kPage;
}

}  // namespace

PipeBudget::PipeBudget() : limit_(quota() / 2) {}

bool PipeBudget::take(size_t bytes) {
  if (used_ + bytes > limit_) return false;
  used_ += bytes;
  return true;
}

PipeReader::PipeReader(base::EventLoop& loop, PipeBudget& budget,
                       SourceInfo info, base::UniqueFd pipe,
                       std::function<void()> on_ready)
    : budget_(budget),
      info_(std::move(info)),
      pipe_(std::move(pipe)),
      loop_(loop),
      on_ready_(std::move(on_ready)),
      capacity_(kFirstCapacity) {
  // Also of one that was never listened to no read may wait.
  (void)base::fs::set_nonblocking(pipe_.get(), true);
}

PipeReader::~PipeReader() {
  budget_.give_back(granted_);
}

size_t PipeReader::waiting() const {
  return base::fs::bytes_waiting(pipe_.get()).value_or(0);
}

bool PipeReader::at_end() const {
  pollfd state{pipe_.get(), POLLIN, 0};
  if (::poll(&state, 1, 0) <= 0) return false;
  // Hung up first, then empty: nobody can have written in between.
  return (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 &&
         waiting() == 0;
}

void PipeReader::begin() {
  watch_.emplace(loop_, pipe_.get(),
                 [on_ready = std::move(on_ready_)](int) { on_ready(); });
  capacity_ = base::fs::pipe_capacity(pipe_.get()).value_or(kFirstCapacity);
  if (budget_.take(capacity_)) granted_ = capacity_;
}

void PipeReader::listen(bool on) {
  if (listening_ == on) return;
  listening_ = on;
  if (!watch_) begin();
  watch_->want(on ? base::FdWatch::Readable : 0);
}

void PipeReader::feel_pressure(size_t bytes) {
  if (!may_grow_ || capacity_ >= kLastCapacity) return;
  pressure_ = std::max(0, pressure_ + (bytes >= capacity_ / 2 ? kWeight : -1));
  if (pressure_ < kGrowAt) return;
  pressure_ = 0;
  const size_t more = capacity_;
  if (!budget_.take(more)) return;
  auto grown = base::fs::set_pipe_capacity(pipe_.get(), capacity_ + more);
  if (!grown) {  // the user's quota is used up by others: as it is, then
    budget_.give_back(more);
    may_grow_ = false;
    return;
  }
  granted_ += more;
  capacity_ = *grown;
}

}  // namespace capture
