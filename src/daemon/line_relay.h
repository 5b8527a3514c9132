#pragma once
// What several apps write, as lines of one stream: each led by its app's name,
// never two in one; and a copy of all of it for capture. A thread of its own,
// which may wait for a reader that is slow, and then the apps wait as they
// would for the reader itself.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace daemon_ {

class LineRelay {
 public:
  // A line that is longer goes on in the next piece, without another prefix.
  static constexpr size_t kLongestHeld = size_t{64} << 10;

  // `on_reader_gone` is called, on the relay's thread and once, when nobody
  // reads a target any more and no copy is kept: nobody needs the apps then.
  static base::Result<std::unique_ptr<LineRelay>> begin(
      std::function<void()> on_reader_gone);
  // As finish() does, at once.
  ~LineRelay();
  LineRelay(const LineRelay&) = delete;
  LineRelay& operator=(const LineRelay&) = delete;

  struct Pipe {
    base::UniqueFd from;
    int target = 1;  // borrowed
    // Leads each line; nothing: bytes go on as they come.
    std::optional<std::string> prefix;
    base::UniqueFd copy;  // gets the bytes, too
  };
  // `tag` is the caller's. Thread-safe, as drain().
  void add(uint64_t tag, Pipe pipe);
  // Calls `done`, on the relay's thread, once what the pipes of that tag hold
  // by now was passed on.
  void drain(uint64_t tag, std::function<void()> done);

  // Returns when all pipes are at their end, or soon after no target has taken
  // anything for `limit`: what the pipes hold is in the copies then; an
  // unfinished line gets its newline.
  void finish(int limit_ms);

 private:
  struct Source {
    uint64_t tag = 0;
    Pipe pipe;
    uint64_t number = 0;    // of the source
    std::string held;       // of a line that is not complete
    bool mid_line = false;  // the held one has begun in the target
  };
  struct Drain {
    uint64_t tag = 0;
    std::function<void()> done;
  };
  LineRelay(base::UniqueFd wake, std::function<void()> on_reader_gone);
  void wake();
  void run();
  bool take_new();
  bool read(Source& source);
  void pass_on(Source& source, std::string_view bytes);
  void write(Source& source, std::string_view text);
  void end(Source& source);
  base::Status put(int fd, std::string_view bytes, size_t piece,
                   int64_t grace_ms);
  void put_out(Source& source, std::string_view bytes);

  base::UniqueFd wake_;  // an eventfd
  const std::function<void()> on_reader_gone_;
  std::mutex mutex_;
  std::vector<Source> arrived_;  // under mutex_
  std::vector<Drain> drains_;    // under mutex_
  std::atomic<int64_t> limit_ms_{0};
  std::atomic<int64_t> until_ms_{-1};  // of finish(), monotonic
  // The thread's.
  std::vector<Source> sources_;
  std::vector<Drain> draining_;
  uint64_t count_ = 0;
  uint64_t open_[3] = {};  // by target: the source whose line is unfinished
  bool gone_ = false;
  std::thread thread_;
};

}  // namespace daemon_
