#include "support/power_cut.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/temp_dir.h"

namespace support {
namespace {

bool may_leave(const std::vector<Tree>& trees, const Tree& tree) {
  return std::ranges::find(trees, tree) != trees.end();
}

}  // namespace

TEST_CASE("a power cut: what was not synced may be there or not") {
  const Tree before = {{"a/old", "1"}};
  const Tree after = {{"a/old", "1"}, {"a/new", "1234"}};
  const std::string made = "open /d/a/new\nwrite /d/a/new\n";
  const auto unsynced = after_power_cut("/d", before, after, made, false);
  CHECK(unsynced.size() == 5);
  CHECK(may_leave(unsynced, before));
  for (const std::string bytes : {"", "12", "1234"})
    CHECK(may_leave(unsynced, {{"a/old", "1"}, {"a/new", bytes}}));
  CHECK(may_leave(unsynced, {{"a/old", "1"}, {"a/new", std::string(4, '\0')}}));
  const auto named =
      after_power_cut("/d", before, after, made + "fsync /d/a\n", false);
  CHECK(named.size() == 4);
  CHECK_FALSE(may_leave(named, before));
  const auto written =
      after_power_cut("/d", before, after, made + "fsync /d/a/new\n", false);
  CHECK(written ==
        std::vector<Tree>{{{"a/new", "1234"}, {"a/old", "1"}}, before});
  const auto sure = after_power_cut(
      "/d", before, after, made + "fsync /d/a/new\nfsync /d/a\n", false);
  CHECK(sure == std::vector<Tree>{after});
}

TEST_CASE("a power cut: a rename is undone whole, or not") {
  const Tree before = {{"old", "1"}, {"new", "2"}};
  const Tree after = {{"new", "1"}};
  const std::string renamed = "rename /d/new\t/d/old\n";
  const auto trees = after_power_cut("/d", before, after, renamed, false);
  CHECK(trees.size() == 2);
  CHECK(may_leave(trees, before));
  CHECK(may_leave(trees, after));
}

TEST_CASE(
    "a power cut: removals happen in no order, the last call not at all") {
  const Tree before = {{"a", "1"}, {"b", "2"}};
  const std::string removed = "unlink /d/a\nunlink /d/b\n";
  CHECK(after_power_cut("/d", before, {}, removed, false).size() == 4);
  CHECK(after_power_cut("/d", before, {{"b", "2"}}, removed, true) ==
        std::vector<Tree>{{{"a", "1"}, {"b", "2"}}, {{"b", "2"}}});
}

TEST_CASE("a power cut: a name that is taken again was given up before") {
  const Tree before = {{"live", "1"}};
  const Tree after = {{"old/1", "1"}, {"live", ""}};
  const std::string sealed =
      "rename /d/old/1\t/d/live\nopen /d/live\nwrite /d/live\t0\n";
  const auto trees = after_power_cut("/d", before, after, sealed, false);
  CHECK(may_leave(trees, before));
  CHECK(may_leave(trees, {{"old/1", "1"}}));
  CHECK(may_leave(trees, after));
  CHECK(trees.size() == 3);
  // Its other directory makes a rename sure as well.
  const auto named =
      after_power_cut("/d", before, after, sealed + "fsync /d/old\n", false);
  CHECK_FALSE(may_leave(named, before));
}

TEST_CASE("a power cut of a file that grows: what was synced stays") {
  const std::string grown =
      "open /d/a\nwrite /d/a\t2\nfsync /d/a\nfsync /d\nwrite /d/a\t4\n";
  std::vector<Tree> trees;
  for (const auto& cut : power_cuts("/d", {}, {{"a", "123456"}}, grown)) {
    if (cut.calls == 4) CHECK(cut.tree == Tree{{"a", "12"}});
    if (cut.calls == 5) trees.push_back(cut.tree);
  }
  CHECK(trees.size() == 4);
  for (const std::string bytes : {"12", "1234", "123456"})
    CHECK(may_leave(trees, {{"a", bytes}}));
  CHECK(may_leave(trees, {{"a", "12" + std::string(4, '\0')}}));
}

TEST_CASE("a power cut: what has no name any more leaves none") {
  const Tree before = {{"a", "1"}};
  const std::string made =
      "open /d/x\nwrite /d/x\nunlink /d/x\nwrite /d/x\nfsync /d\n";
  CHECK(after_power_cut("/d", before, before, made, false) ==
        std::vector<Tree>{before});
}

TEST_CASE("trees are read as they were written") {
  const TempDir dir;
  const Tree tree = {{"a/b/c", "1"}, {"d", std::string("\0\n", 2)}};
  write_tree(dir.path(), tree);
  CHECK(read_tree(dir.path()) == tree);
}

}  // namespace support
