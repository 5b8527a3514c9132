#pragma once
// Where a command reads logs: the home's own, or with `--from` those of a
// directory that was copied from elsewhere, or of a report, which is unpacked
// for as long as this lives. To be made before any thread is.

#include <optional>
#include <string>

#include "base/home.h"
#include "base/temporary_dir.h"

namespace cli {

// Whether there is such a home, for who only reads; it may still be empty.
// Errc::NotFound or Errc::Invalid when not.
base::Status check_home(const base::Home& home);

class LogPlace {
 public:
  // Empty `from`: the home's. Errc::Invalid for a file that is no report.
  static base::Result<LogPlace> open(const base::Home& home,
                                     const std::string& from);

  // Of logs and catalog.
  const std::string& dir() const { return dir_; }

 private:
  explicit LogPlace(std::string dir) : dir_(std::move(dir)) {}

  std::string dir_;
  std::optional<base::TemporaryDir> unpacked_;
};

}  // namespace cli
