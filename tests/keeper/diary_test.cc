#include "keeper/diary.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "base/fs.h"
#include "support/temp_dir.h"

TEST_CASE("notes are lines in the daemon's form, one after another") {
  const support::TempDir dir;
  const base::Home home(dir.path());
  keeper::note_in_diary(home, "one");
  keeper::note_in_diary(home, "two");
  const std::string text = base::fs::read_file(home.diary()).value();
  const std::string one = " info  keeper: one\n";
  const std::string two = " info  keeper: two\n";
  REQUIRE(text.size() == 2 * base::kStampSize + one.size() + two.size());
  CHECK(text.substr(base::kStampSize, one.size()) == one);
  CHECK(text.ends_with(two));
  CHECK(base::parse_stamp(text.substr(0, base::kStampSize)));
}

TEST_CASE("a home that is gone takes no note, and is not made again") {
  const support::TempDir dir;
  const base::Home home(dir.path() + "/gone");
  keeper::note_in_diary(home, "nobody hears it");
  CHECK_FALSE(base::fs::exists(home.root()));
}
