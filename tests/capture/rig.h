#pragma once
// A capture thread over real pipes in a temporary directory, and an observer
// that remembers. Conditions are waited for, never slept for.

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fs.h"
#include "capture/capture_thread.h"
#include "store/line.h"
#include "store/segments.h"
#include "support/temp_dir.h"

namespace capture_test {

class TempDir {
 public:
  TempDir() {
    path_ = std::string(support::in_memory()) + "/lodge-capture-XXXXXX";
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempDir() { (void)!::system(("rm -rf '" + path_ + "'").c_str()); }
  std::string path(std::string_view name) const {
    return base::fs::join(path_, name);
  }

 private:
  std::string path_;
};

// Polls until `condition` holds; false after 20 s, long enough for a machine
// that is busy with something else.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class HandSetClock final : public base::Clock {
 public:
  base::Timestamp now() const override { return {us}; }
  base::MonoTime mono() const override {
    return std::chrono::steady_clock::now();
  }
  std::atomic<int64_t> us{1'790'000'000'000'000};
};

class Recorder final : public capture::Observer {
 public:
  void on_source_ended(uint64_t id) override {
    const std::lock_guard lock(mutex_);
    ended_.push_back(id);
  }
  void on_line_ended(const capture::SourceInfo& source,
                     base::Timestamp line) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back({source.id, line});
  }
  void on_trouble(const capture::SourceInfo&,
                  const base::Error& error) override {
    const std::lock_guard lock(mutex_);
    troubles_.push_back(error);
  }
  void on_reopened(const capture::SourceInfo&, std::string_view why,
                   const capture::Held& held) override {
    const std::lock_guard lock(mutex_);
    reopened_.emplace_back(why);
    held_.push_back(held);
  }
  void on_sealed(const capture::SourceInfo&, const std::string& segment,
                 uint64_t) override {
    const std::lock_guard lock(mutex_);
    sealed_.push_back(segment);
  }

  struct EndedLine {
    uint64_t source;
    base::Timestamp line;
  };
  std::vector<uint64_t> ended() const { return copy(ended_); }
  std::vector<EndedLine> lines() const { return copy(lines_); }
  std::vector<base::Error> troubles() const { return copy(troubles_); }
  std::vector<std::string> reopened() const { return copy(reopened_); }
  std::vector<capture::Held> held() const { return copy(held_); }
  std::vector<std::string> sealed() const { return copy(sealed_); }

 private:
  template <class T>
  T copy(const T& from) const {
    const std::lock_guard lock(mutex_);
    return from;
  }
  mutable std::mutex mutex_;
  std::vector<uint64_t> ended_;
  std::vector<EndedLine> lines_;
  std::vector<base::Error> troubles_;
  std::vector<std::string> reopened_;
  std::vector<capture::Held> held_;  // by those
  std::vector<std::string> sealed_;
};

inline std::string contents(const std::string& path) {
  auto text = base::fs::read_file(path, size_t{2} << 30);
  return text ? *text : std::string();
}

// A live file without its stamps. A line that has none fails the test.
inline std::string without_stamps(std::string_view file) {
  std::string text;
  bool all_stamped = true;
  while (!file.empty()) {
    const auto newline = file.find('\n');
    const auto size = newline == file.npos ? file.size() : newline + 1;
    const auto line = store::parse_line(file.substr(0, size));
    all_stamped = all_stamped && line.time.has_value();
    text.append(line.text);
    file.remove_prefix(size);
  }
  CHECK(all_stamped);
  return text;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const auto size = newline == text.npos ? text.size() : newline + 1;
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

inline bool stamps_never_fall(const std::string& file) {
  base::Timestamp last;
  for (const auto& line : lines_of(file)) {
    const auto time = store::parse_line(line).time;
    if (!time || *time < last) return false;
    last = *time;
  }
  return true;
}

class Rig {
 public:
  explicit Rig(const base::Clock& clock,
               base::Millis sync_every = base::Millis{5000})
      : capture({clock, sync_every}, seen) {}
  Rig() : Rig(system_) {}

  // A new source that writes `name`; returns the child's end.
  base::UniqueFd add(uint64_t id, std::string_view name) {
    auto pipe = base::fs::make_pipe();
    REQUIRE(pipe);
    capture.add(info(id), std::move(pipe->read),
                {dir.path(name), options, {.app = "api"}});
    return std::move(pipe->write);
  }
  static capture::SourceInfo info(uint64_t id) {
    return {id, "api", 0, 0, id, store::Stream::Out};
  }

  void drain(uint64_t id) {
    std::atomic<bool> done = false;
    capture.drain(id, [&] { done = true; });
    REQUIRE(eventually([&] { return done.load(); }));
  }
  std::vector<capture::Replaced> replace(
      std::vector<std::string> paths,
      base::MonoTime older_than = base::MonoTime::max()) {
    std::atomic<bool> done = false;
    std::vector<capture::Replaced> results;
    capture.replace(std::move(paths), older_than, [&](auto replaced) {
      results = std::move(replaced);
      done = true;
    });
    REQUIRE(eventually([&] { return done.load(); }));
    return results;
  }
  std::vector<capture::Sealed> seal(std::vector<capture::SealRequest> which) {
    return answer<std::vector<capture::Sealed>>(
        [&](const auto& done) { capture.seal(std::move(which), done); });
  }
  size_t look() {
    return answer<size_t>([&](const auto& done) { capture.look(done); });
  }
  std::vector<capture::LiveState> live_files() {
    return answer<std::vector<capture::LiveState>>(
        [&](const auto& done) { capture.live_files(done); });
  }
  // What was sealed, oldest first.
  std::vector<std::string> segments() const {
    std::vector<std::string> all;
    auto found = store::list_segments(dir.path(""), "api");
    REQUIRE(found);
    for (const auto& segment : *found) all.push_back(contents(segment.path));
    return all;
  }
  // The whole history: what was sealed, then the live file.
  std::string history(std::string_view name) const {
    std::string all;
    for (const auto& segment : segments()) all += segment;
    return all + file(name);
  }
  std::string file(std::string_view name) const {
    return contents(dir.path(name));
  }
  bool ended(size_t count) {
    return eventually([&] { return seen.ended().size() >= count; });
  }

 private:
  template <class T>
  static T answer(
      const std::function<void(const std::function<void(T)>&)>& ask) {
    std::atomic<bool> done = false;
    T answer{};
    ask([&](T given) {
      answer = std::move(given);
      done = true;
    });
    REQUIRE(eventually([&] { return done.load(); }));
    return answer;
  }
  base::SystemClock system_;

 public:
  TempDir dir;
  capture::SinkOptions options;  // of files that are added from now on
  Recorder seen;
  capture::CaptureThread capture;
};

inline void put(const base::UniqueFd& fd, std::string_view bytes) {
  REQUIRE(base::fs::write_all(fd.get(), bytes, "pipe"));
}

// Nothing is left in the pipe of that child's end.
inline bool is_read(const base::UniqueFd& child) {
  int left = 0;
  return ::ioctl(child.get(), FIONREAD, &left) == 0 && left == 0;
}

}  // namespace capture_test
