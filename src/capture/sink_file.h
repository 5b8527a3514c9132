#pragma once
// What a sink does to the disk: one operation at a time, prepared by the sink,
// performed wherever it may block, then looked at by the sink again. perform()
// touches nothing but this object, so that a thread may hang in it while the
// capture loop goes on elsewhere (hands.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/live_file.h"

namespace capture {

class SinkFile {
 public:
  explicit SinkFile(std::string path) : path_(std::move(path)) {}

  enum class Kind { None, Open, Write, Check, Leave, Replace, Seal };
  struct Op {
    Kind kind = Kind::None;
    std::string_view bytes;  // Write: at the file's end. Leave: likewise,
                             // before it is let go
    std::string segment;     // Seal: its path
    bool keep_open_line = false;  // Replace: its head moves along
    mode_t mode = 0600;           // Open, Replace, Seal

    // Afterwards:
    base::Status status;
    size_t written = 0;  // of `bytes`, also when the rest failed
    uint64_t size = 0;   // of the file that was replaced or sealed
    bool head_moved = false;  // it begins the new file
    std::string head;         // or: the new file had no room for it
    store::LiveFile::Standing standing = store::LiveFile::Standing::InPlace;
    std::optional<store::LiveFile::OpenLine> tail;  // Open: as it was found
  };

  // Begins an operation. There is none under way.
  Op& begin(Kind kind);
  // May block for as long as the disk does.
  void perform();
  const Op& op() const { return op_; }

  bool is_open() const { return file_.has_value(); }
  store::LiveFile& file() { return *file_; }
  const std::string& path() const { return path_; }
  void close() { file_.reset(); }

 private:
  base::Status open();
  base::Status write();
  base::Status replace();
  base::Status seal();

  const std::string path_;
  std::optional<store::LiveFile> file_;
  Op op_;
};

}  // namespace capture
