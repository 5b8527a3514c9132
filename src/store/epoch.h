#pragma once
// Lines that are about to be deleted are deleted when whoever follows them has
// their files open. Followers hold a shared lock on a file of the log
// directory, its epoch. Who deletes puts another in its place and waits until
// nobody holds the old one: a follower goes over to the new one when it has
// opened all that there was. (The grace period of epoch-based reclamation, K.
// Fraser, "Practical lock-freedom", 2004, section 5.2.3; the locks are the
// kernel's, so that a follower that is killed holds nothing.) Any thread; what
// is made here is used by one at a time.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace store {

inline constexpr std::string_view kEpochName = ".epoch";

// For those whom followers can't wait for: makes the first one.
base::Status make_epoch(const std::string& log_dir);

// A follower's part in the present epoch, until it is destroyed.
class EpochHold {
 public:
  // Null where there is none, or it is not ours to read: then nobody waits for
  // us.
  static std::optional<EpochHold> join(const std::string& log_dir);

  // That of the directory now; else somebody waits for us to have opened what
  // is there, and to join anew.
  bool is_present() const;

 private:
  EpochHold(std::string path, base::UniqueFd file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  base::UniqueFd file_;
};

// From its beginning until all who followed then have opened what there was.
// One at a time in a directory: what began earlier is not waited for.
class GracePeriod {
 public:
  // None when nobody follows.
  static base::Result<std::optional<GracePeriod>> begin(
      const std::string& log_dir);

  // Once true, it is not to be asked again.
  bool is_over();

 private:
  explicit GracePeriod(base::UniqueFd old) : old_(std::move(old)) {}

  base::UniqueFd old_;
};

}  // namespace store
