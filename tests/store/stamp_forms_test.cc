// Readers on lines whose stamps are not before them: within a JSON object, or
// in a sidecar.

#include <doctest/doctest.h>

#include <random>

#include "base/fs.h"
#include "store/live_file.h"
#include "store/live_reader.h"
#include "store/names.h"
#include "store/times.h"
#include "support/temp_dir.h"

namespace {

constexpr int64_t kStart = 1'795'256'100'000'000;

std::string object(std::string_view lead, std::string_view rest) {
  return std::string(lead) + "\"@lodge\":\"" + base::format_stamp({kStart}) +
         "\"" + std::string(rest);
}

struct Open {
  Open(const support::TempDir& dir, std::string_view name,
       std::string_view bytes)
      : path(dir.write(name, bytes, 0600)),
        fd(std::move(*base::fs::open(path, O_RDWR | O_APPEND))),
        log(fd.get(), path) {}
  std::string path;
  base::UniqueFd fd;
  mutable store::FileLog log;
};

std::string text_of(store::LiveReader& reader, uint64_t limit, bool partial) {
  std::string text;
  store::Piece piece;
  for (;;) {
    auto more = reader.next(limit, partial, piece);
    REQUIRE(more.has_value());
    if (!*more) return text;
    CHECK(piece.time == base::Timestamp{kStart});
    text.append(piece.text);
    if (piece.ends) text += '\n';
  }
}

}  // namespace

TEST_CASE("an object's own bytes come back, wherever reading stops meanwhile") {
  const support::TempDir dir;
  const std::string bytes = object("{", "}\n") +
                            object("{", ",\"a\":[1,{}]}\r\n") +
                            object("  \t{", ",,}\n") + object("{", " }\n") +
                            base::format_stamp({kStart}) + " {\n";
  const std::string wanted = "{}\n{\"a\":[1,{}]}\r\n  \t{,}\n{ }\n{\n";
  const Open file(dir, "a.log", bytes);
  for (size_t stop = 0; stop <= bytes.size(); ++stop) {
    CAPTURE(stop);
    for (const bool partial : {false, true}) {
      store::LiveReader reader(file.log);
      std::string text = text_of(reader, stop, partial);
      CHECK(wanted.starts_with(text));
      reader.release_buffer();
      text += text_of(reader, bytes.size(), partial);
      CHECK(text == wanted);
    }
  }
}

TEST_CASE("long objects come whole, at the edges of the buffer too") {
  const support::TempDir dir;
  for (const size_t size : {65'450, 65'490, 65'497, 65'536, 200'000}) {
    CAPTURE(size);
    const std::string rest = "\"a\":\"" + std::string(size, 'x') + "\"}\n";
    const Open file(dir, "a.log",
                    object(" {", "," + rest) + object(" {", "," + rest));
    store::LiveReader reader(file.log);
    const auto info = base::fs::fstat(file.fd.get(), "a");
    const auto end = static_cast<uint64_t>(info->st_size);
    CHECK((text_of(reader, end, false) == " {" + rest + " {" + rest));
  }
}

TEST_CASE("an object's stamp is its line's, read from the end and as a head") {
  const support::TempDir dir;
  const std::string first = object("{", ",\"a\":1}\n");
  const Open file(dir, "a.log", first + object("  {", "}\n") + "{\"@lod");
  const auto info = base::fs::fstat(file.fd.get(), "a");
  store::BackwardLines lines(file.log, static_cast<uint64_t>(info->st_size));
  auto mark = lines.previous();
  REQUIRE((mark && *mark));
  CHECK((*mark)->torn);
  for (int i = 0; i < 2; ++i) {
    mark = lines.previous();
    REQUIRE((mark && *mark));
    CHECK((*mark)->stamp == base::Timestamp{kStart});
    CHECK_FALSE((*mark)->torn);
  }
  auto head = store::read_head(file.log, first.size());
  REQUIRE(head.has_value());
  CHECK(head->stamp == base::Timestamp{kStart});
  head = store::read_head(file.log, static_cast<uint64_t>(info->st_size) - 6);
  REQUIRE(head.has_value());
  CHECK_FALSE(head->known);
}

TEST_CASE("bytes of an unstamped file are text, whatever they look like") {
  const support::TempDir dir;
  const std::string bytes =
      base::format_stamp({1}) + " a\n" + object("{", "}\n") + "{\n2026-1";
  const Open file(dir, "a.raw.log", bytes);
  auto times = store::TimesFile::open(store::sidecar_name(file.path));
  REQUIRE(times.has_value());
  REQUIRE(times->append(0, {kStart}));
  store::LiveReader reader(file.log);
  CHECK(text_of(reader, bytes.size(), true) == bytes);
  store::BackwardLines lines(file.log, bytes.size());
  const auto mark = lines.previous();
  REQUIRE((mark && *mark));
  CHECK_FALSE((*mark)->torn);
  CHECK((*mark)->stamp == base::Timestamp{kStart});
}

TEST_CASE("a range of an unstamped file is narrow and begins with a line") {
  const support::TempDir dir;
  std::string bytes;
  const std::string path = dir.file("a.raw.log");
  auto times = store::TimesFile::open(store::sidecar_name(path));
  REQUIRE(times.has_value());
  for (int i = 0; i < 30'000; ++i) {
    const auto at = bytes.size() > 3 ? bytes.size() - 3 : bytes.size();
    REQUIRE(times->append(at, {kStart + i * 1000}));
    bytes += "line " + std::to_string(i) + "\n";
  }
  const Open file(dir, "a.raw.log", bytes);
  for (const int from : {0, 5, 15'000, 29'999, 30'000}) {
    CAPTURE(from);
    const base::Timestamp since{kStart + from * 1000};
    const base::Timestamp until{since.us + 10'000};
    auto range = store::find_range(file.log, bytes.size(), since, until);
    REQUIRE(range.has_value());
    CHECK((range->begin == 0 || bytes[range->begin - 1] == '\n'));
    CHECK((range->end == bytes.size() || bytes[range->end - 1] == '\n'));
    CHECK(range->end - range->begin <= 200);
  }
}
