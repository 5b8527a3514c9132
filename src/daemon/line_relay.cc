#include "daemon/line_relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <iterator>
#include <utility>

#include "base/fs.h"

namespace daemon_ {
namespace {

constexpr size_t kChunk = size_t{64} << 10;
constexpr int64_t kLookMs = 100;  // for the end, while a reader is slow
// How much longer than targets copies may take at the end.
constexpr int64_t kCopyGraceMs = 1000;
// Who writes without pause must not keep a drain, or the end, for ever.
constexpr int kMostReads = 64;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

base::Result<std::unique_ptr<LineRelay>> LineRelay::begin(
    std::function<void()> on_reader_gone) {
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return base::fail(base::fs::errno_error(errno, "eventfd", ""));
  return std::unique_ptr<LineRelay>(
      new LineRelay(std::move(wake), std::move(on_reader_gone)));
}

LineRelay::LineRelay(base::UniqueFd wake, std::function<void()> on_reader_gone)
    : wake_(std::move(wake)),
      on_reader_gone_(std::move(on_reader_gone)),
      thread_([this] { run(); }) {}

LineRelay::~LineRelay() {
  finish(0);
}

void LineRelay::wake() {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void LineRelay::add(uint64_t tag, Pipe pipe) {
  // One that somebody holds and nobody writes must not keep the others.
  (void)base::fs::set_nonblocking(pipe.from.get(), true);
  if (pipe.copy) (void)base::fs::set_nonblocking(pipe.copy.get(), true);
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back({tag, std::move(pipe), 0, {}, false});
  }
  wake();
}

void LineRelay::drain(uint64_t tag, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    drains_.push_back({tag, std::move(done)});
  }
  wake();
}

void LineRelay::finish(int limit_ms) {
  if (!thread_.joinable()) return;
  limit_ms_ = limit_ms;
  until_ms_ = now_ms() + limit_ms;
  wake();
  thread_.join();
}

// Whether there is, or may come, anything to do.
bool LineRelay::take_new() {
  uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  for (auto& source : arrived_) source.number = ++count_;
  std::ranges::move(arrived_, std::back_inserter(sources_));
  arrived_.clear();
  std::ranges::move(drains_, std::back_inserter(draining_));
  drains_.clear();
  return until_ms_ < 0 || !sources_.empty() || !draining_.empty();
}

void LineRelay::run() {
  std::vector<pollfd> polled;
  while (take_new()) {
    for (auto& source : sources_)
      if (source.pipe.from &&
          std::ranges::count(draining_, source.tag, &Drain::tag) > 0)
        for (int reads = 0; reads < kMostReads && read(source);) ++reads;
    for (const auto& drain : std::exchange(draining_, {})) drain.done();
    const int64_t until = until_ms_;
    const int64_t left = until < 0 ? -1 : until - now_ms();
    if (until >= 0 && left < 0) break;
    polled.assign(1, {wake_.get(), POLLIN, 0});
    for (const auto& source : sources_)
      polled.push_back({source.pipe.from.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), static_cast<int>(left)) < 0)
      continue;
    for (size_t i = 1; i < polled.size(); ++i)
      if (polled[i].revents != 0) read(sources_[i - 1]);
    std::erase_if(sources_,
                  [](const Source& source) { return !source.pipe.from; });
  }
  for (auto& source : sources_) {
    for (int reads = 0; reads < kMostReads && read(source);) ++reads;
    if (source.pipe.from) end(source);
  }
}

// True when there may be more at once.
bool LineRelay::read(Source& source) {
  std::array<char, kChunk> chunk;
  auto n = base::fs::read(source.pipe.from.get(), chunk, "pipe");
  if (!n && n.error().code == base::Errc::WouldBlock) return false;
  if (!n || *n == 0) {
    end(source);
    return false;
  }
  pass_on(source, {chunk.data(), *n});
  return true;
}

void LineRelay::pass_on(Source& source, std::string_view bytes) {
  if (source.pipe.copy &&
      !put(source.pipe.copy.get(), bytes, bytes.size(), kCopyGraceMs))
    source.pipe.copy.reset();
  if (!source.pipe.prefix) return put_out(source, bytes);
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
  if (source.pipe.target < 0) return;
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  uint64_t& open = open_[source.pipe.target];
  if (open != 0 && open != source.number) out += '\n';
  bool at_start = !(source.mid_line && open == source.number);
  while (!text.empty()) {
    const auto size = std::min(text.find('\n'), text.size() - 1) + 1;
    if (at_start) out += *source.pipe.prefix;
    out.append(text.substr(0, size));
    at_start = text[size - 1] == '\n';
    text.remove_prefix(size);
  }
  source.mid_line = !at_start;
  open = at_start ? 0 : source.number;
  put_out(source, out);
}

// A target that takes nothing now, as a full disk, may take something later.
void LineRelay::put_out(Source& source, std::string_view bytes) {
  if (source.pipe.target < 0) return;
  // A pipe that is writable takes this many without blocking.
  const auto status = put(source.pipe.target, bytes, PIPE_BUF, 0);
  if (status) return;
  const bool stuck = status.error().code == base::Errc::WouldBlock;
  const bool gone = status.error().sys_errno == EPIPE;
  if (!stuck && !gone) return;
  // The app must not wait for a reader that went away; it has one in itself.
  // And nothing comes behind a hole.
  const int target = source.pipe.target;
  for (auto& each : sources_)
    if (each.pipe.target == target) each.pipe.target = -1;
  if (gone && !source.pipe.copy && !std::exchange(gone_, true))
    on_reader_gone_();
}

// Waits for a slow reader, but not past the end.
base::Status LineRelay::put(int fd, std::string_view bytes, size_t piece,
                            int64_t grace_ms) {
  while (!bytes.empty()) {
    const int64_t until = until_ms_;
    const bool over = until >= 0 && now_ms() > until + grace_ms;
    pollfd writable{fd, POLLOUT, 0};
    const int ready =
        ::poll(&writable, 1, over ? 0 : static_cast<int>(kLookMs));
    if (ready <= 0) {
      if (over)
        return base::fail(base::Errc::WouldBlock, "nobody reads the output");
      continue;
    }
    auto n = base::fs::write_some(fd, bytes.substr(0, piece), "output");
    if (n) {
      bytes.remove_prefix(*n);
      // Slow is not stuck.
      if (until >= 0) until_ms_ = std::max(until, now_ms() + limit_ms_);
    } else if (n.error().code != base::Errc::WouldBlock) {
      return base::fail(std::move(n.error()));
    }
  }
  return {};
}

void LineRelay::end(Source& source) {
  if (!source.held.empty() || source.mid_line) {
    source.held += '\n';
    write(source, source.held);
    source.held.clear();
  }
  source.pipe.from.reset();
  source.pipe.copy.reset();
}

}  // namespace daemon_
