#include "store/tar.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>
#include <random>
#include <vector>

#include "base/fs.h"
#include "store/bundle.h"
#include "store/zstd_stream.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace {

namespace fs = base::fs;

struct File {
  std::string name;
  std::string bytes;
  bool operator==(const File&) const = default;
};

// Bytes in pieces of chance sizes.
store::ByteSource source_of(std::string_view bytes, std::mt19937& random) {
  return [bytes, &random](std::span<char> into) mutable {
    const size_t most = std::min(into.size(), bytes.size());
    const size_t n = most == 0 ? 0 : 1 + random() % most;
    std::memcpy(into.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    return base::Result<size_t>(n);
  };
}

std::string tar_of(const std::vector<File>& files) {
  std::string tar;
  store::TarWriter writer([&](std::string_view bytes) {
    tar.append(bytes);
    return base::Status();
  });
  for (const auto& file : files) {
    REQUIRE(
        writer.begin(file.name, file.bytes.size(), {1'795'256'100'000'000}));
    REQUIRE(writer.write(file.bytes));
  }
  REQUIRE(writer.finish());
  return tar;
}

base::Result<std::vector<File>> files_in(std::string_view tar,
                                         std::mt19937& random) {
  store::TarReader reader(source_of(tar, random));
  std::vector<File> files;
  for (;;) {
    auto member = reader.next();
    if (!member) return base::fail(std::move(member.error()));
    if (!*member) return files;
    files.push_back({(*member)->name, {}});
    char chunk[700];
    for (;;) {
      auto n = reader.read(chunk);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0) break;
      files.back().bytes.append(chunk, *n);
    }
    if (files.back().bytes.size() != (*member)->size)
      return base::fail(base::Errc::Invalid, "test: another size");
  }
}

// A header as one writes it by hand, the naive way.
std::string member(const std::string& name, char type, const std::string& bytes,
                   const std::string& link = {}) {
  std::string block(512, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", bytes.size()));
  put(148, "        ");
  block[156] = type;
  put(157, link);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const unsigned char c : block) sum += c;
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string padded = bytes;
  padded.resize((bytes.size() + 511) / 512 * 512);
  return block + padded;
}

std::string ended(const std::string& members) {
  return members + std::string(1024, '\0');
}

std::string packed(std::string_view bytes) {
  std::string out;
  store::ZstdSink sink([&](std::string_view part) {
    out.append(part);
    return base::Status();
  });
  REQUIRE(sink.write(bytes));
  REQUIRE(sink.finish());
  return out;
}

// Unpacks into `dir`; what went wrong, or nothing.
std::string unpack(std::string_view bundle, const std::string& dir,
                   const store::UnpackLimits& limits = {}) {
  const support::TempDir work;
  const std::string path = work.write("bundle", bundle);
  auto fd = fs::open(path, O_RDONLY);
  REQUIRE(fd);
  auto done = store::unpack_bundle(fd->get(), "b.tar.zst", dir, limits);
  return done ? std::string() : done.error().message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("what a tar is written with is read from it, however it comes") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<File> files;
    const size_t count = random() % 5;
    for (size_t i = 0; i < count; ++i) {
      std::string name = fmt::format("logs/{}", i);
      while (random() % 4 != 0) name += random() % 6 == 0 ? "/x" : "name";
      if (name.size() > 90) name.resize(90, 'x');
      std::string bytes(random() % 1600, '\0');
      for (auto& c : bytes) c = static_cast<char>(random());
      files.push_back({name, bytes});
    }
    const auto tar = tar_of(files);
    CHECK(tar.size() % 512 == 0);
    if (files.empty()) {
      CHECK(tar == std::string(1024, '\0'));
      continue;
    }
    const auto read = files_in(tar, random);
    REQUIRE(read);
    CHECK(*read == files);
  }
}

TEST_CASE("a name of up to 255 bytes is cut at a slash, or refused") {
  std::mt19937 random(1);
  const std::string dir(120, 'd');
  const std::string name(100, 'n');
  const std::vector<File> files = {{dir + "/" + name, "x"}};
  const auto read = files_in(tar_of(files), random);
  REQUIRE(read);
  CHECK(*read == files);
  store::TarWriter writer([](std::string_view) { return base::Status(); });
  CHECK_FALSE(writer.begin(std::string(101, 'n'), 0, {}));
  CHECK_FALSE(writer.begin(std::string(156, 'd') + "/x", 0, {}));
}

TEST_CASE("a file in a tar has as many bytes as were told, no more, no fewer") {
  store::TarWriter writer([](std::string_view) { return base::Status(); });
  REQUIRE(writer.begin("a", 3, {}));
  CHECK_FALSE(writer.write("four"));
  CHECK(writer.write("two"));
  REQUIRE(writer.begin("b", 3, {}));
  CHECK_FALSE(writer.begin("c", 3, {}));
  CHECK_FALSE(writer.finish());
}

TEST_CASE("a size beyond 8 GiB is told, and read") {
  std::mt19937 random(1);
  std::string tar;
  store::TarWriter writer([&](std::string_view bytes) {
    tar.append(bytes);
    return base::Status();
  });
  REQUIRE(writer.begin("large", uint64_t{9} << 30, {}));
  store::TarReader reader(source_of(tar, random));
  auto found = reader.next();
  REQUIRE((found && *found));
  CHECK((*found)->size == uint64_t{9} << 30);
}

TEST_CASE("tar lists and unpacks what we write, and we what tar writes") {
  std::mt19937 random(3);
  const support::TempDir work;
  const std::vector<File> files = {{"logs/a.log", "one\n"},
                                   {"logs/sub/" + std::string(95, 'n'), "two"},
                                   {"empty", ""}};
  work.write("ours.tar", tar_of(files));
  const auto listed = support::run({"tar", "-tf", work.file("ours.tar")});
  CHECK(listed.exit == 0);
  CHECK(listed.err.empty());
  CHECK(listed.out == files[0].name + "\n" + files[1].name + "\nempty\n");
  REQUIRE(fs::make_dir(work.file("there")));
  CHECK(support::run(
            {"tar", "-xf", work.file("ours.tar"), "-C", work.file("there")})
            .exit == 0);
  CHECK(support::slurp(work.file("there/logs/a.log")) == "one\n");
  for (const auto* format :
       {"--format=ustar", "--format=gnu", "--format=posix", "--format=v7"}) {
    CAPTURE(format);
    const auto made =
        support::run({"tar", "-cf", work.file("theirs.tar"), format, "-C",
                      work.file("there"), "./empty", "logs/a.log"});
    REQUIRE(made.exit == 0);
    const auto read = files_in(support::slurp(work.file("theirs.tar")), random);
    REQUIRE(read);
    CHECK(*read == std::vector<File>{{"empty", ""}, {"logs/a.log", "one\n"}});
  }
}

TEST_CASE("a pax record names the file behind it") {
  std::mt19937 random(5);
  const auto read = files_in(
      ended(member("PaxHeaders/x", 'x', "13 path=long\n20 mtime=1700000000\n") +
            member("short", '0', "a") + member("next", '0', "b")),
      random);
  REQUIRE(read);
  CHECK(*read == std::vector<File>{{"long", "a"}, {"next", "b"}});
}

TEST_CASE("names that lead out, links, devices and twins are refused") {
  const support::TempDir above;
  const std::string dir = above.file("in");
  const auto refused = [&](const std::string& tar) {
    REQUIRE(fs::make_dirs(dir));
    const auto why = unpack(packed(tar), dir);
    std::string left;
    if (auto names = fs::list_dir(above.path()))
      for (const auto& name : *names) left += name;
    CHECK(left == "in");
    return why;
  };
  for (const auto* name : {"../out", "a/../../out", "..", "/etc/out", "a/.."}) {
    CAPTURE(name);
    CHECK(has(refused(ended(member(name, '0', "x"))), "refused"));
    CHECK(has(refused(ended(member(name, '5', ""))), "refused"));
  }
  CHECK(has(refused(ended(member("PaxHeaders/x", 'x', "16 path=../out\n") +
                          member("short", '0', "a"))),
            ""));
  for (const char type : {'1', '2', '3', '4', '6', '7', 'S', 'L', 'M'})
    CHECK(has(refused(ended(member("x", type, "", "../out"))), "is no file"));
  CHECK(has(refused(ended(member("a", '0', "1") + member("./a", '0', "2"))),
            "twice"));
  CHECK(refused(ended(member("b", '0', "1") + member("b/c", '0', "2"))) != "");
}

TEST_CASE("a bundle that would take too much is refused before it is written") {
  const support::TempDir dir;
  const auto bundle = packed(ended(member("a", '0', std::string(600, 'a')) +
                                   member("b", '0', std::string(600, 'b'))));
  CHECK(has(unpack(bundle, dir.path(), {.bytes = 1000}), "too many"));
  CHECK_FALSE(fs::exists(dir.file("b")));
  const support::TempDir other;
  CHECK(has(unpack(bundle, other.path(), {.files = 1}), "more than 1 files"));
  const support::TempDir full;
  CHECK(has(unpack(bundle, full.path(), {.spare = UINT64_MAX}), "room"));
}

TEST_CASE("what is no bundle says so, and one that was cut off anywhere") {
  const auto why = [](std::string_view bundle) {
    const support::TempDir dir;
    return unpack(bundle, dir.path());
  };
  CHECK(has(why(""), "b.tar.zst: zstd: "));
  CHECK(has(why("some text, not compressed at all"), "zstd: "));
  CHECK(has(why(packed("some text, compressed")), "tar: cut off"));
  CHECK(has(why(packed(std::string(2000, 'x'))), "not a tar file"));
  CHECK(has(why(packed("")), "tar: empty"));
  const auto whole = packed(tar_of({{"a", "some text"}, {"b", "more"}}));
  CHECK(why(whole).empty());
  for (size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(why(whole.substr(0, size)).empty());
}

TEST_CASE("any bytes are read to an end, and none are made up") {
  std::mt19937 random(11);
  const std::string good = tar_of({{"logs/a.log", std::string(700, 'a')},
                                   {"logs/b.log", "b"},
                                   {"c", std::string(512, 'c')}});
  for (int round = 0; round < 20'000; ++round) {
    std::string tar = good;
    for (size_t i = random() % 6; i > 0; --i) switch (random() % 3) {
        case 0:
          tar[random() % tar.size()] = static_cast<char>(random());
          break;
        case 1:
          tar.resize(random() % tar.size() + 1);
          break;
        default: {
          // A header that is whole, with other fields.
          const size_t at = random() % (tar.size() / 512 + 1) * 512;
          if (at + 512 > tar.size()) break;
          tar[at + std::initializer_list<size_t>{0, 124, 135, 156, 345}
                       .begin()[random() % 5]] = static_cast<char>(random());
          tar.replace(at + 148, 8, "        ");
          unsigned sum = 0;
          for (size_t j = at; j < at + 512; ++j)
            sum += static_cast<unsigned char>(tar[j]);
          tar.replace(at + 148, 7, fmt::format("{:06o}", sum) + '\0');
        }
      }
    const auto read = files_in(tar, random);
    if (!read) {
      CHECK_FALSE(read.error().message.empty());
      continue;
    }
    size_t bytes = 0;
    for (const auto& file : *read) {
      bytes += file.bytes.size();
      CHECK_FALSE(file.name.starts_with('/'));
      CHECK_FALSE(has("/" + file.name + "/", "/../"));
    }
    CHECK(bytes <= tar.size());
  }
}

TEST_CASE("a bundle has the sums of its files last, as xxh128sum has them") {
  const support::TempDir work;
  const std::string path = work.file("b.tar.zst");
  auto fd = fs::open(path, O_WRONLY | O_CREAT);
  REQUIRE(fd);
  store::BundleWriter writer(fd->get(), path, {1'795'256'100'000'000});
  REQUIRE(writer.add("logs/a.log", "hello\n"));
  REQUIRE(writer.begin("pieces", 4));
  REQUIRE(writer.write("ab"));
  CHECK_FALSE(writer.end());
  REQUIRE(writer.write("cd"));
  REQUIRE(writer.end());
  REQUIRE(writer.finish());
  CHECK(writer.written() == support::slurp(path).size());
  const support::TempDir dir;
  CHECK(unpack(support::slurp(path), dir.path()).empty());
  CHECK(support::slurp(dir.file("pieces")) == "abcd");
  // Of "hello\n" and "abcd", by the library itself.
  CHECK(support::slurp(dir.file(std::string(store::kSumsName))) ==
        "6bba86c7e069f56d5a10b435f1c8e49c  logs/a.log\n"
        "8d6b60383dfa90c21be79eecd1b1353d  pieces\n");
}
