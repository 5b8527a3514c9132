#pragma once
// Where a command reads logs: the home's own, or with `--from` those of a
// directory that was copied from elsewhere, or of a report, which is unpacked
// for as long as this lives. To be made before any thread is.

#include <optional>
#include <string>
#include <vector>

#include "base/home.h"
#include "base/temporary_dir.h"
#include "query/gaps.h"

namespace cli {

// Whether this can be a home, for who only reads: it may still be empty, and
// is not there before the first start. Errc::Invalid when it is no directory,
// Errc::NotFound when --home names what is not there.
base::Status check_home(const base::Home& home);

class LogPlace {
 public:
  // Empty `from`: the home's. Errc::Invalid for a file that is no report.
  static base::Result<LogPlace> open(const base::Home& home,
                                     const std::string& from);

  // Of logs and catalog.
  const std::string& dir() const { return dir_; }
  // Whether lines may still come: not into a report.
  bool grows() const { return !gaps_ && !unpacked_; }
  // What is missing in a report, as it says itself, whose events don't tell all
  // of it; none: it is no report.
  const std::optional<std::vector<query::Gap>>& gaps() const { return gaps_; }

 private:
  explicit LogPlace(std::string dir) : dir_(std::move(dir)) {}

  std::string dir_;
  std::optional<std::vector<query::Gap>> gaps_;
  std::optional<base::TemporaryDir> unpacked_;
};

}  // namespace cli
