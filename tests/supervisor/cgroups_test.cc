#include "supervisor/cgroups.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "support/temp_dir.h"

using supervisor::Cgroups;
using supervisor::own_group_dir;

TEST_CASE("where the own group is, by what the kernel tells") {
  const std::string unified =
      "24 23 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
  const std::string hybrid =
      "30 23 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "39 23 0:34 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  const std::string inner =
      "24 23 0:22 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  CHECK(own_group_dir(unified, "0::/system.slice/lodge.service\n") ==
        "/sys/fs/cgroup/system.slice/lodge.service");
  CHECK(own_group_dir(unified, "0::/\n") == "/sys/fs/cgroup");
  CHECK(own_group_dir(hybrid, "8:memory:/x\n0::/\n") ==
        "/sys/fs/cgroup/unified");
  CHECK(own_group_dir(inner, "0::/docker/x/y\n") == "/sys/fs/cgroup/y");
  CHECK(own_group_dir(inner, "0::/other\n").empty());
  CHECK(own_group_dir(unified, "8:memory:/x\n").empty());
  CHECK(own_group_dir("", "0::/\n").empty());
}

TEST_CASE("a directory stands in for the hierarchy: what is made and written") {
  const support::TempDir dir;
  const auto at = [&](const std::string& name) { return dir.file(name); };
  dir.write("cgroup.controllers", "cpuset cpu memory pids\n");
  dir.write("cgroup.subtree_control", "\n");
  dir.write("cgroup.procs", "");
  const std::string home = at("lodge-h");
  // The files that the kernel makes with a group.
  REQUIRE(base::fs::make_dir(home));
  dir.write("lodge-h/cgroup.subtree_control", "");
  REQUIRE(base::fs::make_dir(home + "/3.7"));
  dir.write("lodge-h/3.7/memory.max", "max\n");

  Cgroups groups(dir.path(), "h", [](int) { return true; });
  CHECK(groups.controllers() == std::set<std::string>{"cpu", "memory", "pids"});
  auto made = groups.make(3, 7, {{"memory.max", "1000"}});
  REQUIRE(made);
  CHECK(*made == home + "/3.7");
  CHECK(base::fs::read_file(*made + "/memory.max")->starts_with("1000"));
  CHECK(groups.find(3, 7) == *made);
  CHECK(groups.find(3, 8).empty());
  // A setting that the kernel does not have is an error, not a silence.
  CHECK_FALSE(groups.make(3, 8, {{"no.such", "1"}}));
}

TEST_CASE("a group that holds strangers hands no controllers down") {
  const support::TempDir dir;
  dir.write("cgroup.controllers", "memory\n");
  dir.write("cgroup.subtree_control", "\n");
  dir.write("cgroup.type", "domain\n");
  dir.write("cgroup.procs", "1\n");
  Cgroups groups(dir.path(), "h", [](int) { return false; });
  CHECK(groups.controllers().empty());
  CHECK(base::fs::read_file(dir.file("cgroup.subtree_control")) == "\n");
  // To kill a tree at once none is needed.
  CHECK(groups.make(0, 1, {}));
}

TEST_CASE("groups of lives that are over are taken away, others stay") {
  const support::TempDir dir;
  Cgroups groups(dir.path(), "h", [](int) { return true; });
  for (const auto& [id, generation] :
       {std::pair{1, 1}, {1, 2}, {1, 10}, {11, 1}, {2, 1}})
    REQUIRE(groups.make(id, static_cast<uint64_t>(generation), {}));
  groups.tidy(1, 10);
  CHECK(groups.find(1, 1).empty());
  CHECK(groups.find(1, 2).empty());
  CHECK_FALSE(groups.find(1, 10).empty());
  CHECK_FALSE(groups.find(11, 1).empty());
  groups.tidy_all();
  CHECK_FALSE(base::fs::exists(dir.file("lodge-h")));
}
