#include "daemon/capture_tally.h"

#include <algorithm>

namespace daemon_ {

void CaptureTally::dropped(const std::string& app, int instance, Count more) {
  Count& count = dropped_[{app, instance}];
  count.lines += more.lines;
  count.bytes += more.bytes;
}

CaptureTally::Count CaptureTally::dropped(const std::string& app,
                                          int instance) const {
  const auto at = dropped_.find({app, instance});
  return at == dropped_.end() ? Count{} : at->second;
}

void CaptureTally::disk_full(const std::string& app, int instance,
                             uint64_t source, bool full) {
  if (full) {
    full_[source] = {app, instance};
    return;
  }
  // Of a file with several sources, another may tell.
  if (full_.erase(source) == 0)
    std::erase_if(full_,
                  [&](const auto& entry) { return entry.second.first == app; });
}

void CaptureTally::source_ended(uint64_t source) {
  full_.erase(source);
}

bool CaptureTally::disk_full(const std::string& app, int instance) const {
  return std::ranges::any_of(full_, [&](const auto& entry) {
    return entry.second.first == app && entry.second.second == instance;
  });
}

void CaptureTally::forget(const std::string& app, int instance) {
  dropped_.erase({app, instance});
}

}  // namespace daemon_
