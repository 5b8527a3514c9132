#pragma once
// The lines of one history in a range of time, as bytes: as they lie on disk,
// stamps and all, segments and live file one after the other. Looked for first,
// so that their size is known before any is copied. Blocking; one thread.

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "query/source.h"
#include "store/times.h"

namespace query {

class Cut {
 public:
  // What can't be read is noted in `problems` and left out. The last line of
  // the live file may not have ended.
  static base::Result<Cut> find(const Origin& origin, const Query& query,
                                Problems& problems);

  uint64_t size() const { return size_; }
  uint64_t lines() const { return lines_; }
  const Source& source() const { return *source_; }
  // All of it, in pieces, once. Errc::WouldBlock: it changed meanwhile.
  base::Status copy(const std::function<base::Status(std::string_view)>& sink);
  // Of a log without stamps, once copied: by offsets in the copy.
  const std::vector<store::TimeEntry>& times() const { return times_; }

 private:
  // Lines that follow each other in one file.
  struct Part {
    size_t file = 0;  // segments by number, then the live file
    uint64_t begin = 0;
    uint64_t end = 0;
    bool ended = true;  // with '\n'; else one is put there before the next
  };

  Cut() = default;
  void add(HitPlace line, uint64_t end, const store::Piece& piece);
  void copy_times(const std::vector<store::TimeEntry>& from, const Part& part,
                  uint64_t at);

  std::unique_ptr<Source> source_;
  std::vector<Part> parts_;
  uint64_t size_ = 0;
  uint64_t lines_ = 0;
  std::vector<store::TimeEntry> times_;
};

}  // namespace query
