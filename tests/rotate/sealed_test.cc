#include "rotate/sealed.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/fs.h"
#include "support/temp_dir.h"

namespace fs = base::fs;

namespace {

// Long after anything the test writes: what it saw, it may believe.
class LateClock final : public base::Clock {
 public:
  base::Timestamp now() const override {
    return {base::SystemClock().now().us + 60'000'000};
  }
  base::MonoTime mono() const override { return base::SystemClock().mono(); }
};

store::CatalogApp api() {
  store::CatalogApp app;
  app.name = "api";
  app.instances = {{0, 0, "api-out.log", "api-error.log"},
                   {1, 1, "api-out-1.log", "api-error.log"}};
  return app;
}

struct Place {
  support::TempDir dir;
  std::string archive = store::archive_dir(dir.path(), "api");

  std::string put(const std::string& name, size_t size) const {
    REQUIRE(fs::make_dirs(archive));
    const std::string path = fs::join(archive, name + ".20261121T101502Z.log");
    auto fd = fs::open(path, O_WRONLY | O_CREAT);
    REQUIRE(fs::write_all(fd->get(), std::string(size, 'x'), path));
    return path;
  }
  std::string names() const {
    std::string found;
    const auto segments = store::list_segments(dir.path(), "api");
    for (const auto& segment : *segments)
      found += fs::base_name(segment.path).substr(0, 16) + "\n";
    return found;
  }
};

}  // namespace

TEST_CASE("sealed bytes are counted by app and by instance") {
  const Place place;
  const LateClock clock;
  rotate::SealedBytes sealed(clock, place.dir.path());
  CHECK(sealed.of(api()).bytes == 0);
  CHECK(sealed.of(api()).by_instance[0] == 0);
  place.put("out.0000000001", 10);
  place.put("out.0000000002", 20);
  place.put("out-1.0000000001", 100);
  place.put("error.0000000001", 1000);
  place.put("out-7.0000000001", 10'000);  // nobody's any more
  CHECK(sealed.of(api()).bytes == 11'130);
  CHECK(sealed.of(api()).by_instance[0] == 1030);
  CHECK(sealed.of(api()).by_instance[1] ==
        1100);  // errors of both are in one file
  CHECK(sealed.of(api()).by_instance[7] == 0);
}

TEST_CASE("sealed bytes follow what is sealed and removed") {
  const Place place;
  SUBCASE("long ago") {
    const LateClock clock;
    rotate::SealedBytes sealed(clock, place.dir.path());
    // Changes that the file system's clock can tell apart.
    const auto changed = [&](int hour) {
      std::filesystem::last_write_time(
          place.archive, std::filesystem::file_time_type::clock::now() -
                             std::chrono::hours(10 - hour));
    };
    const auto one = place.put("out.0000000001", 1);
    changed(1);
    CHECK(sealed.of(api()).bytes == 1);
    place.put("out.0000000002", 2);
    changed(2);
    CHECK(sealed.of(api()).bytes == 3);
    REQUIRE(fs::unlink(one));
    changed(3);
    CHECK(sealed.of(api()).bytes == 2);
  }
  SUBCASE("just now, within one tick of the clock") {
    const base::SystemClock clock;
    rotate::SealedBytes sealed(clock, place.dir.path());
    for (uint64_t i = 1; i <= 50; ++i) {
      place.put("out." + std::to_string(1'000'000'000 + i), 1);
      CHECK(sealed.of(api()).bytes == i);
    }
  }
}

TEST_CASE("removing one instance leaves what others write") {
  const Place place;
  place.put("out.0000000001", 1);
  place.put("out-1.0000000001", 1);
  place.put("error.0000000001", 1);
  REQUIRE(rotate::remove_sealed(place.dir.path(), api(), {1}));
  CHECK(place.names() == "out.0000000001.2\nerror.0000000001\n");
  REQUIRE(rotate::remove_sealed(place.dir.path(), api(), {0, 1}));
  CHECK(place.names().empty());
  // The numbers stay given.
  CHECK(store::next_sequence(place.dir.path(),
                             {"api", store::SegmentKind::Out, 0})
            .value() == 2);
}

TEST_CASE("removing an app takes what instances of old left") {
  const Place place;
  place.put("out.0000000001", 1);
  place.put("out-9.0000000004", 1);
  REQUIRE(rotate::remove_sealed(place.dir.path(), api(), {0, 1}));
  CHECK(place.names().empty());
}

TEST_CASE("an app that never sealed anything leaves nothing when it goes") {
  const support::TempDir dir;
  REQUIRE(rotate::remove_sealed(dir.path(), api(), {0, 1}));
  CHECK(fs::list_dir(dir.path()).value().empty());
}
