#pragma once
// Sealed files for tests of what is made of them: in words, and on disk.

#include <doctest/doctest.h>

#include <string>

#include "base/fs.h"
#include "rotate/stock.h"

namespace rotate_test {

inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kDay = 86'400 * kSecond;
// 2026-11-21T10:15:00Z
inline constexpr base::Timestamp kNow{1'795'256'100 * kSecond};

inline base::Timestamp days_ago(int64_t days) {
  return {kNow.us - days * kDay};
}

// Sealed so many days ago, when it was a day old.
inline rotate::Stored stored(std::string app, uint64_t sequence, int64_t days,
                             uint64_t bytes, store::SegmentKind kind = {}) {
  rotate::Stored file;
  file.app = std::move(app);
  file.kind = kind;
  file.sequence = sequence;
  file.compressed = true;
  file.bytes = bytes;
  file.first = days_ago(days + 1);
  file.last = days_ago(days);
  file.path = "/logs/archive/" + file.app + "/" + rotate::describe(file);
  return file;
}

// One instance: api-out.log and api-error.log.
inline store::CatalogApp catalog_app(const std::string& name) {
  store::CatalogApp app;
  app.name = name;
  app.instances = {{0, 0, name + "-out.log", name + "-error.log"}};
  return app;
}

inline std::string put(const std::string& path, std::string_view text) {
  REQUIRE(base::fs::make_dirs(base::fs::dir_name(path)));
  REQUIRE(base::fs::replace_file(path, text));
  return path;
}

}  // namespace rotate_test
