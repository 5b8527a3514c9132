#include "daemon/line_relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/fs.h"

namespace daemon_ {
namespace {

constexpr size_t kChunk = size_t{64} << 10;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

base::Result<std::unique_ptr<LineRelay>> LineRelay::begin() {
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return base::fail(base::fs::errno_error(errno, "eventfd", ""));
  return std::unique_ptr<LineRelay>(new LineRelay(std::move(wake)));
}

LineRelay::LineRelay(base::UniqueFd wake)
    : wake_(std::move(wake)), thread_([this] { run(); }) {}

LineRelay::~LineRelay() {
  finish(0);
}

void LineRelay::add(base::UniqueFd pipe, int target, std::string prefix,
                    base::UniqueFd copy) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back({std::move(pipe),
                        std::move(copy),
                        target,
                        std::move(prefix),
                        {},
                        false});
  }
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void LineRelay::finish(int limit_ms) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    until_ms_ = now_ms() + limit_ms;
  }
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
  thread_.join();
}

void LineRelay::take_new() {
  uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  std::ranges::move(arrived_, std::back_inserter(sources_));
  arrived_.clear();
}

void LineRelay::run() {
  for (;;) {
    int64_t until = -1;
    {
      const std::lock_guard lock(mutex_);
      until = until_ms_;
      if (until >= 0 && sources_.empty() && arrived_.empty()) return;
    }
    const int64_t left = until < 0 ? -1 : until - now_ms();
    if (until >= 0 && left < 0) break;
    std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}};
    for (const auto& source : sources_)
      polled.push_back({source.pipe.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), static_cast<int>(left)) < 0)
      continue;
    // By descriptor: those that are new come behind, those that end go.
    for (size_t i = 1; i < polled.size(); ++i)
      if (polled[i].revents != 0) read(sources_[i - 1]);
    if (polled[0].revents != 0) {
      open_[1] = open_[2] = nullptr;
      take_new();
      for (auto& source : sources_)
        if (source.mid_line) open_[source.target] = &source;
    }
    std::erase_if(sources_, [](const Source& source) { return !source.pipe; });
    open_[1] = open_[2] = nullptr;
    for (auto& source : sources_)
      if (source.mid_line) open_[source.target] = &source;
  }
  for (auto& source : sources_) end(source);
}

void LineRelay::read(Source& source) {
  std::array<char, kChunk> chunk;
  auto n = base::fs::read(source.pipe.get(), chunk, "pipe");
  if (!n && n.error().code == base::Errc::WouldBlock) return;
  if (!n || *n == 0) return end(source);
  const std::string_view bytes(chunk.data(), *n);
  if (source.copy && !base::fs::write_all(source.copy.get(), bytes, "log file"))
    source.copy.reset();
  if (source.prefix.empty()) {
    if (!base::fs::write_all(source.target, bytes, "output"))
      drop_target(source);
    return;
  }
  source.held.append(bytes);
  const auto newline = source.held.rfind('\n');
  if (newline != source.held.npos) {
    write(source, std::string_view(source.held).substr(0, newline + 1));
    source.held.erase(0, newline + 1);
  }
  if (source.held.size() < kLongestHeld) return;
  write(source, source.held);
  source.held.clear();
}

// Whole lines, or the head of one. One write for all of them.
void LineRelay::write(Source& source, std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  const Source*& open = open_[source.target];
  if (open != nullptr && open != &source) out += '\n';
  bool at_start = !(source.mid_line && open == &source);
  while (!text.empty()) {
    const auto size = std::min(text.find('\n'), text.size() - 1) + 1;
    if (at_start) out += source.prefix;
    out.append(text.substr(0, size));
    at_start = text[size - 1] == '\n';
    text.remove_prefix(size);
  }
  source.mid_line = !at_start;
  open = at_start ? nullptr : &source;
  if (!base::fs::write_all(source.target, out, "output")) drop_target(source);
}

// Nobody reads any more: as for an app that wrote there itself.
void LineRelay::drop_target(Source& source) {
  source.pipe.reset();
  source.copy.reset();
}

void LineRelay::end(Source& source) {
  if (!source.held.empty() || source.mid_line) {
    source.held += '\n';
    write(source, source.held);
    source.held.clear();
  }
  source.pipe.reset();
  source.copy.reset();
}

}  // namespace daemon_
