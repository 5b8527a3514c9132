#include "config/settings_page.h"

#include <doctest/doctest.h>

#include "base/fs.h"

TEST_CASE("docs/config.md is what the table of keys makes") {
  const auto path = std::string(LODGE_SOURCE_DIR) + "/docs/config.md";
  const auto page = base::fs::read_file(path);
  REQUIRE_MESSAGE(page, path);
  CHECK_MESSAGE(*page == config::settings_page(),
                "make it anew: lodge help --settings > docs/config.md");
}
