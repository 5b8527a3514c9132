#pragma once
// What several apps write, as lines of one stream: each led by its app's name,
// never two in one. A thread of its own, which may block on a reader that is
// slow, and then the apps wait as they would for the reader itself.

#include <cstdint>
#include <memory>
#include <mutex>
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

  static base::Result<std::unique_ptr<LineRelay>> begin();
  // As finish() does, at once.
  ~LineRelay();
  LineRelay(const LineRelay&) = delete;
  LineRelay& operator=(const LineRelay&) = delete;

  // Lines of `pipe` go to descriptor `target`, which is borrowed; without a
  // prefix its bytes, as they come. `copy` gets the bytes too. Thread-safe.
  void add(base::UniqueFd pipe, int target, std::string prefix,
           base::UniqueFd copy = {});
  // Returns when all pipes are at their end, or after `limit`: what was read is
  // written then, and an unfinished line gets its newline.
  void finish(int limit_ms);

 private:
  struct Source {
    base::UniqueFd pipe;
    base::UniqueFd copy;
    int target = 1;
    std::string prefix;
    std::string held;       // of a line that is not complete
    bool mid_line = false;  // the held one has begun in the target
  };
  explicit LineRelay(base::UniqueFd wake);
  void run();
  void take_new();
  void read(Source& source);
  void write(Source& source, std::string_view text);
  static void drop_target(Source& source);
  void end(Source& source);

  base::UniqueFd wake_;  // an eventfd
  std::mutex mutex_;
  std::vector<Source> arrived_;  // under mutex_
  int64_t until_ms_ = -1;        // of finish(), monotonic; under mutex_
  std::vector<Source> sources_;  // the thread's
  // By target: whose line is unfinished there.
  const Source* open_[3] = {};
  std::thread thread_;
};

}  // namespace daemon_
