#pragma once
// After a power cut: what was not synced may be missing, and the end of a file
// may be zeros, or half a line. For the first start after the machine went
// down, before capture opens anything: while the machine is up, zeros at the
// end of a file are bytes that somebody wrote.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/catalog.h"

namespace rotate {

// One file whose end was not whole. It is reported; what is whole stays.
struct Mended {
  std::string app;  // empty: Lodge's own
  int instance = -1;
  std::optional<store::Stream> stream;  // of one that has one alone
  std::string path;
  uint64_t cut = 0;      // bytes: zeros, and half of a stamp
  bool ended = false;    // half a line was left, and got its newline
  bool removed = false;  // nothing was left of what was sealed

  std::string reason() const;  // in words
};

struct Mending {
  std::vector<Mended> mended;
  std::vector<base::Error> problems;  // files that could not be looked at
};

// Live files, segments, events. The last line of a live file is left open where
// it has a stamp: capture ends it, and notes which. May be killed, and done
// again.
Mending mend_tails(const std::string& log_dir, const store::Catalog& catalog);

}  // namespace rotate
