// What Lodge weighs: memory with many apps, libraries to load.

#include <doctest/doctest.h>

#include <sstream>

#include "support/sanitized.h"
#include "support/test_home.h"

namespace support {

TEST_CASE("daemon and keeper stay small with fifty idle apps") {
  if (kSanitized) {
    MESSAGE("SKIPPED: a sanitizer's memory is not ours");
    return;
  }
  const TestHome home;
  home.must({"start", "exec sleep 1000", "--name", "idle", "-i", "50",
             "--min-uptime", "50ms"});
  CHECK(home.list().size() == 50);
  REQUIRE(home.keepers().size() == 1);
  const Memory daemon = memory_of(home.daemon_pid());
  const Memory keeper = memory_of(home.keepers()[0].pid);
  const double mib =
      static_cast<double>(daemon.resident + keeper.resident) / (1 << 20);
  MESSAGE("daemon ", daemon.resident / 1024, " KiB + keeper ",
          keeper.resident / 1024, " KiB resident = ", mib,
          " MiB with 50 apps (promised: 12)");
  // Most of it is the program's own pages, as far as they happen to be in
  // memory: that differs by a mebibyte from run to run.
  CHECK(mib <= 15.0);
}

TEST_CASE("nothing but the C library is loaded") {
  if (kSanitized) {
    MESSAGE("SKIPPED: a sanitizer brings libraries of its own");
    return;
  }
  std::istringstream lines(run({"readelf", "-d", lodge_binary()}).out);
  std::string line;
  int needed = 0;
  while (std::getline(lines, line)) {
    if (line.find("(NEEDED)") == line.npos) continue;
    ++needed;
    const bool known = line.find("[libc.so.6]") != line.npos ||
                       line.find("[libm.so.6]") != line.npos ||
                       line.find("[ld-linux") != line.npos;
    CHECK_MESSAGE(known, line);
  }
  CHECK(needed > 0);
}

TEST_CASE("memory does not grow with what passed through") {
  if (kSanitized) {
    MESSAGE("SKIPPED: a sanitizer's memory is not ours");
    return;
  }
  const TestHome home;
  home.start("idle", "exec sleep 1000");
  for (int round = 0; round < 2; ++round) {
    home.start_source("s" + std::to_string(round),
                      {"--lines", "300000", "--pad", "100"},
                      {"--no-autorestart", "--no-wait"});
    REQUIRE(wait_until(
        [&] { return home.has_status("s" + std::to_string(round), "stopped"); },
        30s));
  }
  const double mib =
      static_cast<double>(memory_of(home.daemon_pid()).resident) / (1 << 20);
  MESSAGE("daemon resident after 60 MB of lines: ", mib, " MiB");
  CHECK(mib <= 13.0);
}

}  // namespace support
