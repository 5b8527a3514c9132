#pragma once
// What `archive` has found, for people and for programs. Pure; every text ends
// in a newline.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/time_spec.h"
#include "rotate/retention.h"
#include "rotate/stock.h"

namespace cli {

// A sealed file, as far as it could be read.
struct ArchiveRow {
  rotate::Stored file;
  std::optional<base::Timestamp> first;  // of its lines
  std::optional<base::Timestamp> last;
  std::optional<uint64_t> lines;  // of a segment they are not counted
  std::optional<uint64_t> raw;    // bytes
  std::string problem;
};

std::string archive_table(const std::vector<ArchiveRow>& rows, base::Zone zone,
                          bool color);
std::string archive_json(const std::vector<ArchiveRow>& rows);

// How full a file system is with logs, and what goes next.
std::string retention_view(const rotate::Outlook& outlook,
                           const std::string& where, base::Zone zone,
                           bool color);
std::string retention_json(const rotate::Outlook& outlook,
                           const std::string& where);

}  // namespace cli
