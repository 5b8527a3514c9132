#pragma once
// The writing side of a live file. The path is what counts: a file that was
// moved, removed or truncated by somebody else is noticed by standing(), and
// opened anew by its owner. Only regular files, never through a link: a FIFO
// or a device planted at the path is refused, not waited for. Lives on the
// capture thread; every call may block on the disk.

#include <sys/stat.h>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace store {

class LiveFile {
 public:
  // Opens for appending, or makes it (O_EXCL, its directories 0700).
  // `mode` is for what is made, now and at replace() and reopen().
  static base::Result<LiveFile> open(const std::string& path,
                                     mode_t mode = 0600);

  // One write(2) at the end: may write less than asked, says how much.
  base::Result<size_t> write_some(std::string_view bytes);

  // What stands at `size` and after is taken back.
  base::Status cut(uint64_t size);

  enum class Standing {
    InPlace,
    Gone,       // the path names nothing, or another file
    Truncated,  // shorter than what was written
  };
  base::Result<Standing> standing() const;

  // A last line without its '\n'.
  struct OpenLine {
    uint64_t begin = 0;  // offset of its first byte (of its stamp, that is)
    uint64_t size = 0;   // bytes, stamp included
    std::optional<base::Timestamp> stamp;  // absent in a foreign file
  };
  // nullopt when the file is empty or ends in '\n'. Looks back over at most
  // 64 MiB; a line longer than that has no stamp and begins where the look
  // ended.
  base::Result<std::optional<OpenLine>> open_line() const;
  base::Result<std::string> read(uint64_t offset, size_t size) const;

  // Renames a new file that holds `head` over the path and goes on in it. Never
  // truncates: who reads the old descriptor can finish it. Returns the old
  // file's size.
  base::Result<uint64_t> replace(std::string_view head = {});
  // The same for a file nobody writes. A missing one is 0 bytes, and stays so.
  static base::Result<uint64_t> replace_closed(const std::string& path);

  // Seals: the file gets the name of a segment (segments.h), and a new one is
  // gone on with at the path. Only at a line end. In two steps, for those who
  // keep a journal: between them nothing is written. The first may be repeated
  // after a crash; it never overwrites a file (Errc::Exists), and refuses when
  // the path names another file than ours (Errc::NotFound).
  base::Status rename_to(const std::string& segment);
  base::Status reopen();
  // Both; returns the size of what was sealed.
  base::Result<uint64_t> seal(const std::string& segment);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  // Another descriptor of it, for a sync that may take its time.
  base::Result<base::UniqueFd> duplicate() const;
  // Borrowed: for as long as nothing replaces or reopens the file.
  int fd() const { return fd_.get(); }
  // Which file it is, as stat(2) says.
  uint64_t device() const { return device_; }
  uint64_t inode() const { return inode_; }

 private:
  LiveFile(std::string path, mode_t mode, base::UniqueFd fd, uint64_t size,
           uint64_t device, uint64_t inode)
      : path_(std::move(path)),
        mode_(mode),
        fd_(std::move(fd)),
        size_(size),
        device_(device),
        inode_(inode) {}
  static base::Result<LiveFile> adopt(const std::string& path, mode_t mode,
                                      base::UniqueFd fd);
  bool is_ours(const struct ::stat& other) const {
    return other.st_dev == device_ && other.st_ino == inode_;
  }

  std::string path_;
  mode_t mode_;
  base::UniqueFd fd_;
  uint64_t size_ = 0;  // as far as we know: what was there plus what we wrote
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace store
