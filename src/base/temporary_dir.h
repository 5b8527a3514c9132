#pragma once
// A directory of this process alone (0700), gone with all in it at the end,
// however that comes: a child of ours waits until we are gone, by a signal or
// by SIGKILL, and removes what we did not. To be made before any thread is.
// The child holds none of our descriptors, no signal but SIGKILL ends it, and
// it is there before the directory.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

class TemporaryDir {
 public:
  // Below `parent`; empty: $TMPDIR, else /var/tmp, else /tmp.
  static Result<TemporaryDir> make(std::string_view name,
                                   const std::string& parent = {});
  ~TemporaryDir();
  TemporaryDir(TemporaryDir&& other) noexcept;
  TemporaryDir& operator=(TemporaryDir&&) = delete;

  const std::string& path() const { return path_; }

 private:
  TemporaryDir(std::string path, UniqueFd alive, pid_t guard)
      : path_(std::move(path)), alive_(std::move(alive)), guard_(guard) {}

  std::string path_;  // empty: moved from
  UniqueFd alive_;    // the guard reads its end
  pid_t guard_ = -1;
};

// A directory and all below it; follows no link. A missing one is no error.
Status remove_tree(const std::string& path);

}  // namespace base
