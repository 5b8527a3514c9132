#include "daemon/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/fs.h"

namespace daemon_ {

base::Status fits(size_t open, size_t limit, size_t instances) {
  const size_t needed = instances * kFilesEach + kFilesSpare;
  if (instances == 0 || open + needed <= limit) return {};
  return base::fail(
      base::Errc::Io,
      fmt::format("no descriptors left: {} of {} are open, {} instance{} "
                  "would need {}",
                  open, limit, instances, instances == 1 ? "" : "s", needed),
      "lodge kill, then ulimit -n 65536 && lodge start; or LimitNOFILE=65536 "
      "in the unit");
}

base::Status check_descriptors(size_t instances) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const auto open = base::fs::list_dir("/proc/self/fd");
  if (!open) return {};
  return fits(open->size(), limit.rlim_cur, instances);
}

}  // namespace daemon_
