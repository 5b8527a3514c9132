#pragma once
// When `cron_restart` is due: five fields as everywhere (base/cron.h), or six,
// of which the first are seconds, as PM2 has them. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/cron.h"
#include "base/result.h"

namespace config {

class RestartTimes {
 public:
  // Errc::Invalid says which field is wrong.
  static base::Result<RestartTimes> parse(std::string_view text);

  std::optional<base::Timestamp> next_after(base::Timestamp time,
                                            const base::TimeZone& zone) const;

 private:
  RestartTimes(base::Cron minutes, uint64_t seconds)
      : minutes_(minutes), seconds_(seconds) {}

  base::Cron minutes_;
  uint64_t seconds_ = 1;  // a bit for each second of a minute that will do
};

}  // namespace config
