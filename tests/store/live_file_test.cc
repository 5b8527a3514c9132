#include "store/live_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

using store::LiveFile;
using Standing = store::LiveFile::Standing;
namespace fs = base::fs;

namespace {

struct Place {
  Place() {
    char name[] = "/tmp/lodge-live-XXXXXX";
    dir = ::mkdtemp(name);
    path = fs::join(dir, "api-out.log");
  }
  ~Place() { (void)!::system(("rm -rf '" + dir + "'").c_str()); }
  void write(std::string_view text) const {
    auto fd = fs::open(path, O_WRONLY | O_CREAT | O_APPEND);
    REQUIRE(fd);
    REQUIRE(fs::write_all(fd->get(), text, path));
  }
  std::string dir;
  std::string path;
};

constexpr std::string_view kStamp = "2026-09-01T00:00:00.000001Z";

}  // namespace

TEST_CASE("a live file is made private, with its directories") {
  const Place place;
  const std::string path = fs::join(place.dir, "a/b/api-out.log");
  auto file = LiveFile::open(path);
  REQUIRE(file);
  auto made = fs::stat(path);
  REQUIRE(made);
  CHECK((made->st_mode & 0777) == 0600);
  auto dir = fs::stat(fs::dir_name(path));
  REQUIRE(dir);
  CHECK((dir->st_mode & 0777) == 0700);
}

TEST_CASE("what is there is kept, what comes is appended") {
  const Place place;
  place.write("old\n");
  auto file = LiveFile::open(place.path);
  REQUIRE(file);
  CHECK(file->size() == 4);
  auto n = file->write_some("new\n");
  REQUIRE(n);
  CHECK(*n == 4);
  CHECK(file->size() == 8);
  CHECK(fs::read_file(place.path).value() == "old\nnew\n");
}

TEST_CASE("only regular files, and never through a link") {
  const Place place;
  REQUIRE(::mkfifo(place.path.c_str(), 0600) == 0);
  CHECK_FALSE(LiveFile::open(place.path));
  REQUIRE(fs::unlink(place.path));
  REQUIRE(::symlink("/dev/null", place.path.c_str()) == 0);
  CHECK_FALSE(LiveFile::open(place.path));
  REQUIRE(fs::unlink(place.path));
  REQUIRE(fs::make_dir(place.path));
  CHECK_FALSE(LiveFile::open(place.path));
}

TEST_CASE("an open line is found with its stamp and its size") {
  struct Row {
    std::string text;
    bool open;
    bool stamped;
    uint64_t begin;
  };
  const std::string line = std::string(kStamp) + " half";
  const std::string whole = std::string(kStamp) + " whole\n";
  const Row rows[] = {
      {"", false, false, 0},
      {whole, false, false, 0},
      {line, true, true, 0},
      {whole + line, true, true, whole.size()},
      {whole + "foreign", true, false, whole.size()},
      {whole + line + std::string(200'000, 'x'), true, true, whole.size()},
      // The newline before it just beyond, on and inside a step of the search.
      {whole + line + std::string(65536 - line.size() - 1, 'x'), true, true,
       whole.size()},
      {whole + line + std::string(65536 - line.size(), 'x'), true, true,
       whole.size()},
      {whole + line + std::string(65536 - line.size() + 1, 'x'), true, true,
       whole.size()},
  };
  for (const auto& row : rows) {
    const Place place;
    place.write(row.text);
    auto file = LiveFile::open(place.path);
    REQUIRE(file);
    auto found = file->open_line();
    REQUIRE(found);
    REQUIRE(found->has_value() == row.open);
    if (!row.open) continue;
    CHECK((*found)->begin == row.begin);
    CHECK((*found)->size == row.text.size() - row.begin);
    CHECK((*found)->stamp.has_value() == row.stamped);
  }
}

TEST_CASE("standing tells moved, replaced, removed and truncated apart") {
  const Place place;
  auto file = LiveFile::open(place.path);
  REQUIRE(file);
  REQUIRE(file->write_some("12345678"));
  CHECK(file->standing().value() == Standing::InPlace);
  REQUIRE(::truncate(place.path.c_str(), 3) == 0);
  CHECK(file->standing().value() == Standing::Truncated);
  REQUIRE(fs::rename(place.path, place.path + ".1"));
  CHECK(file->standing().value() == Standing::Gone);
  place.write("somebody else's");
  CHECK(file->standing().value() == Standing::Gone);
}

TEST_CASE("replacing leaves the old bytes to who reads them") {
  const Place place;
  auto file = LiveFile::open(place.path);
  REQUIRE(file);
  REQUIRE(file->write_some("old\n"));
  auto follower = fs::open(place.path, O_RDONLY);
  REQUIRE(follower);
  CHECK(file->replace().value() == 4);
  REQUIRE(file->write_some("new\n"));
  CHECK(fs::read_file(place.path).value() == "new\n");
  char text[16];
  CHECK(fs::pread(follower->get(), text, 0, "").value() == 4);
  CHECK(file->standing().value() == Standing::InPlace);
}

TEST_CASE("a closed file is replaced when it is there, never made") {
  const Place place;
  CHECK(LiveFile::replace_closed(place.path).value() == 0);
  CHECK_FALSE(fs::exists(place.path));
  place.write("12345");
  CHECK(LiveFile::replace_closed(place.path).value() == 5);
  CHECK(fs::read_file(place.path).value().empty());
  CHECK(fs::list_dir(place.dir).value().size() == 1);
}
