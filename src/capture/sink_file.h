#pragma once
// What a sink does to the disk: one operation at a time, prepared by the sink,
// performed wherever it may block, then looked at by the sink again. perform()
// touches nothing but this object, so that a thread may hang in it while the
// capture loop goes on elsewhere (hands.h).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/sink_spec.h"
#include "store/live_file.h"
#include "store/times.h"

namespace capture {

class SinkFile {
 public:
  explicit SinkFile(const SinkSpec& spec)
      : path_(spec.path),
        owner_(spec.owner),
        raw_(spec.options.stamp == SinkOptions::Stamp::None),
        mode_(spec.options.mode) {}

  enum class Kind { None, Open, Write, Check, Leave, Head, Replace, Seal };
  struct Op {
    Kind kind = Kind::None;
    std::function<void()> before;  // done first; may block too
    std::string_view bytes;        // Write: at the file's end. Leave: likewise,
                                   // before it is let go
    base::Timestamp stamp;  // Write: of what is written. Seal: of the first
                            // line, if nothing says it
    std::optional<uint64_t> cut_at;  // Seal: where its open line begins, which
                                     // goes on elsewhere
    bool sync = false;               // Seal: its bytes durable before it is
                                     // renamed, and its names after
    bool only_found = false;         // Open: it is not made

    // Afterwards:
    base::Status status;
    size_t written = 0;    // of `bytes`, also when the rest failed
    uint64_t size = 0;     // of the file that was replaced or sealed
    std::string head;      // Head: of the open line, if it is not too long
    uint64_t head_at = 0;  // where that begins
    bool was_cut = false;  // Seal: at cut_at
    std::string segment;   // Seal: what it is now
    bool missing = false;  // Open: as only_found has it
    store::LiveFile::Standing standing = store::LiveFile::Standing::InPlace;
    uint64_t free = 0;                              // Check: bytes of room
    std::optional<store::LiveFile::OpenLine> tail;  // Open: as it was found,
    std::optional<base::Timestamp> newest;          // and its last line's
  };

  // Begins an operation. There is none under way.
  Op& begin(Kind kind);
  // May block for as long as the disk does.
  void perform();
  const Op& op() const { return op_; }
  Op& prepared() { return op_; }  // before perform()

  bool is_open() const { return file_.has_value(); }
  store::LiveFile& file() { return *file_; }
  const std::string& path() const { return path_; }
  // In which there are new names once it was sealed, the deepest first.
  std::vector<std::string> segment_dirs() const;
  // The stamp of its first line; of foreign lines, one that is no older.
  const std::optional<base::Timestamp>& begun() const { return begun_; }

 private:
  base::Status open();
  base::Status look_at_end(store::LiveFile& file);
  void look_at_begin();
  base::Status write();
  base::Status replace();
  base::Status seal();
  base::Status read_head();
  base::Status seal_times(const std::string& segment);
  base::Status sync_bytes();
  base::Status sync_names() const;

  const std::string path_;
  const store::SegmentOwner owner_;
  const bool raw_;
  const mode_t mode_;
  std::optional<store::LiveFile> file_;
  std::optional<store::TimesFile> times_;  // of a raw file
  std::optional<base::Timestamp> begun_;
  std::optional<uint64_t> sequence_;  // of its last segment
  Op op_;
};

}  // namespace capture
