#include "support/lines/history.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "support/temp_dir.h"

namespace support {

TEST_CASE("segments are read by their numbers, the live file last") {
  const TempDir dir;
  std::filesystem::create_directories(dir.file("archive/api"));
  for (const char* name :
       {"out.0000000010.20260101T000000Z.log",
        "out.0000000009.20270101T000000Z.log",  // the clock went back
        "out-1.0000000001.20260101T000000Z.log",
        "error.0000000001.20260101T000000Z.log",
        "out.0000000011.20260101T000000Z.log.zst",
        "out.0000000010.20260101T000000Z.log.zst",  // there twice
        "out.x.log", ".out.tmp-1"})
    dir.write(std::string("archive/api/") + name, "");
  const auto paths = history_of(dir.path(), "api", SourceStream::Out);
  REQUIRE(paths.size() == 4);
  CHECK(paths[0] ==
        dir.file("archive/api/out.0000000009.20270101T000000Z.log"));
  CHECK(paths[1] ==
        dir.file("archive/api/out.0000000010.20260101T000000Z.log"));
  CHECK(paths[2] ==
        dir.file("archive/api/out.0000000011.20260101T000000Z.log.zst"));
  CHECK(paths[3] == dir.file("api-out.log"));
  CHECK(history_of(dir.path(), "api", SourceStream::Out, 1).size() == 2);
}

TEST_CASE("an app without segments has its live file alone") {
  const TempDir dir;
  CHECK(history_of(dir.path(), "api", SourceStream::Error, 2) ==
        std::vector<std::string>{dir.file("api-error-2.log")});
}

}  // namespace support
