#include "capture/line_stamping.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using capture::Simd;

constexpr std::string_view kStamp = "2026-11-21T10:15:02.123456Z ";

std::vector<Simd> variants() {
  std::vector<Simd> all;
  for (const Simd simd : {Simd::Plain, Simd::Sse2, Simd::Avx2, Simd::Neon})
    if (capture::is_supported(simd)) all.push_back(simd);
  return all;
}

// Byte by byte.
std::string naive(std::string_view bytes, bool& mid_line) {
  std::string out;
  for (const char c : bytes) {
    if (!mid_line) out += kStamp;
    out += c;
    mid_line = c != '\n';
  }
  return out;
}

// In as many calls as the room makes necessary; every buffer has exactly its
// size, so that sanitizers see what goes beyond.
std::string stamp(std::string_view bytes, bool& mid_line, size_t room,
                  Simd simd) {
  const std::vector<char> from(bytes.begin(), bytes.end());
  std::string_view rest(from.data(), from.size());
  std::string all;
  while (!rest.empty()) {
    const auto out = std::make_unique_for_overwrite<char[]>(room);
    const auto done =
        capture::stamp_lines(rest, kStamp, mid_line, {out.get(), room}, simd);
    REQUIRE(done.written <= room);
    REQUIRE(done.consumed > 0);
    REQUIRE(done.consumed <= rest.size());
    all.append(out.get(), done.written);
    rest.remove_prefix(done.consumed);
  }
  return all;
}

void check(std::string_view bytes, bool begun, size_t room, Simd simd) {
  bool wanted_mid = begun;
  const std::string wanted = naive(bytes, wanted_mid);
  bool mid_line = begun;
  const std::string got = stamp(bytes, mid_line, room, simd);
  CAPTURE(static_cast<int>(simd));
  CAPTURE(bytes.size());
  CAPTURE(room);
  CHECK(mid_line == wanted_mid);
  REQUIRE((got == wanted));
}

// Lines whose lengths are about `length`, of all bytes.
std::string random_lines(size_t size, size_t length, std::mt19937& random) {
  std::string bytes;
  while (bytes.size() < size) {
    const size_t this_one = length == 0 ? 0 : random() % (2 * length);
    for (size_t i = 0; i < this_one; ++i) {
      const char c = static_cast<char>(random());
      bytes += c == '\n' ? '\r' : c;
    }
    bytes += '\n';
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

TEST_CASE("lines of every length up to 300 are stamped as the naive way does") {
  for (const Simd simd : variants())
    for (size_t length = 0; length <= 300; ++length) {
      std::string bytes;
      for (int i = 0; i < 12; ++i) bytes += std::string(length, 'x') + '\n';
      check(bytes, false, 1 << 20, simd);
      check(bytes + "tail", true, 1 << 20, simd);
    }
}

TEST_CASE("every byte but the newline is text, wherever it stands") {
  for (const Simd simd : variants())
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes(700, static_cast<char>(byte));
      check(bytes, false, 1 << 20, simd);
      bytes[63] = bytes[64] = bytes[200] = '\n';
      check(bytes, false, 1 << 20, simd);
    }
}

TEST_CASE("random lines are stamped as the naive way does") {
  std::mt19937 random(20261121);
  for (const Simd simd : variants())
    for (const size_t length :
         {0, 3, 30, 60, 120, 250, 500, 1000, 5000, 70'000})
      for (int i = 0; i < 12; ++i) {
        const size_t size = random() % 20'000;
        const size_t room = 64 + random() % 60'000;
        check(random_lines(size, length, random), random() % 2 == 0, room,
              simd);
      }
}

TEST_CASE("the same comes out wherever the input is cut") {
  std::mt19937 random(7);
  const std::string bytes = random_lines(1500, 40, random);
  bool mid_line = false;
  const std::string wanted = naive(bytes, mid_line);
  for (const Simd simd : variants())
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      bool open = false;
      std::string got = stamp(bytes.substr(0, cut), open, 1 << 16, simd);
      got += stamp(bytes.substr(cut), open, 1 << 16, simd);
      REQUIRE((got == wanted));
    }
}

TEST_CASE("any room is filled, but not with a stamp whose line has no byte") {
  std::mt19937 random(8);
  const std::string bytes = random_lines(600, 25, random) + "end";
  bool all_mid = false;
  const std::string wanted = naive(bytes, all_mid);
  for (const Simd simd : variants())
    for (size_t room = 0; room <= wanted.size() + 10; ++room) {
      const auto out = std::make_unique_for_overwrite<char[]>(room);
      bool mid_line = false;
      const auto done = capture::stamp_lines(bytes, kStamp, mid_line,
                                             {out.get(), room}, simd);
      bool naive_mid = false;
      const std::string prefix =
          naive(std::string_view(bytes).substr(0, done.consumed), naive_mid);
      REQUIRE((std::string_view(out.get(), done.written) == prefix));
      CHECK(mid_line == naive_mid);
      // What is next would not have fitted.
      const size_t next = mid_line ? 1 : kStamp.size() + 1;
      CHECK((done.consumed == bytes.size() || done.written + next > room));
    }
}

TEST_CASE("lines around 64 KiB and of a megabyte are copied whole") {
  for (const Simd simd : variants())
    for (const size_t size : {65'535, 65'536, 65'537, 1 << 20}) {
      const std::string bytes = std::string(size, 'a') + '\n' + "b\n";
      check(bytes, false, 2 << 20, simd);
      check(bytes, false, 30'000, simd);
    }
}

TEST_CASE("a megabyte of empty lines grows 29 times, within its room") {
  for (const Simd simd : variants())
    check(std::string(1 << 20, '\n'), false, 256 << 10, simd);
}

TEST_CASE("long lines among short ones change the pace, not the bytes") {
  std::mt19937 random(9);
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    bytes += random_lines(1 + random() % 9000, 20, random);
    bytes += std::string(random() % 9000, 'L');
  }
  for (const Simd simd : variants()) check(bytes, false, 1 << 20, simd);
}
