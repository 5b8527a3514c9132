#include "rotate/storage.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "rotate/stocked.h"
#include "support/temp_dir.h"

using namespace rotate_test;

namespace {

struct Room {
  const support::TempDir logs;
  base::SystemClock clock;
  rotate::Storage storage{clock, logs.path(), [](const auto&) {}};
  std::string segment(int sequence) const {
    return put(
        logs.file("archive/api/out.000000000" + std::to_string(sequence) +
                  ".20261121T10150" + std::to_string(sequence) + "Z.log"),
        "a line\n");
  }
  // Two segments, and a job for each.
  struct Two {
    std::string one, two;
    rotate::ArchiveJob first, second;
  };
  Two take_two() {
    const auto one = segment(1);
    const auto two = segment(2);
    look();
    auto first = storage.next_job();
    auto second = storage.next_job();
    REQUIRE(first);
    REQUIRE(second);
    return {one, two, std::move(*first), std::move(*second)};
  }
  void look() {
    store::Catalog catalog;
    catalog.apps = {catalog_app("api")};
    storage.set_catalog(catalog);
  }
};

}  // namespace

TEST_CASE("two who archive never get the same segment") {
  Room room;
  const auto [one, two, first, second] = room.take_two();
  CHECK(first.segment.path == one);
  CHECK(second.segment.path == two);
  CHECK_FALSE(room.storage.next_job().has_value());
  // Also when the stock is taken anew meanwhile.
  room.look();
  CHECK_FALSE(room.storage.next_job().has_value());
}

TEST_CASE("of two segments being archived the deleted one leaves no archive") {
  Room room;
  const auto [one, two, first, second] = room.take_two();
  rotate::Stored gone = stored("api", 1, 1, 7);
  gone.path = one;
  gone.compressed = false;
  REQUIRE(room.storage.remove({gone}));
  put(store::archive_path(one), "an archive");
  put(store::archive_path(two), "an archive");
  REQUIRE(::unlink(two.c_str()) == 0);
  room.storage.archived(first.segment);
  room.storage.archived(second.segment);
  CHECK_FALSE(base::fs::exists(store::archive_path(one)));
  CHECK(base::fs::exists(store::archive_path(two)));
  CHECK(room.storage.bytes() == 10);
}
