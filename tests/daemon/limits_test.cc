#include "daemon/limits.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

using daemon_::plan_limits;

TEST_CASE("limits go by the control group where it can, else by the process") {
  config::Limits limits;
  limits.memory = 1000;
  limits.cpu = 1.5;
  limits.nofile = 64;
  limits.nproc = 9;
  const auto full = plan_limits(limits, {"memory", "cpu", "pids"});
  using Files = decltype(full.group);
  CHECK(full.group == Files{{"memory.max", "1000"},
                            {"memory.oom.group", "1"},
                            {"cpu.max", "150000 100000"},
                            {"pids.max", "9"}});
  REQUIRE(full.process.size() == 1);
  CHECK(full.process[0] == keeper::ResourceLimit{RLIMIT_NOFILE, 64, 64});

  const auto bare = plan_limits(limits, {});
  CHECK(bare.group.empty());
  CHECK(bare.process ==
        std::vector<keeper::ResourceLimit>{{RLIMIT_DATA, 1000, 1000},
                                           {RLIMIT_NOFILE, 64, 64},
                                           {RLIMIT_NPROC, 9, 9}});
  // What can't be done is said, not passed over.
  REQUIRE(bare.how.size() == 4);
  CHECK(bare.how[1].second.starts_with("not enforced"));
}

TEST_CASE("an app without limits has none") {
  const auto plan = plan_limits({}, {"memory", "cpu", "pids"});
  CHECK(plan.group.empty());
  CHECK(plan.process.empty());
  CHECK(plan.how.empty());
}

TEST_CASE("a hundredth of a processor is the least the kernel takes") {
  config::Limits limits;
  limits.cpu = 0.01;
  CHECK(plan_limits(limits, {"cpu"}).group[0].second == "1000 100000");
}
