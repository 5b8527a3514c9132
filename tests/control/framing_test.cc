#include "control/framing.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace {

std::string frame(std::string_view payload) {
  return *control::make_frame(payload, control::kRequestCap);
}

}  // namespace

TEST_CASE("a frame is 'L' 'G' major minor, the length in little-endian") {
  const std::string made = frame(std::string(0x0201, 'x'));
  CHECK(made.substr(0, 8) == std::string("LG\x01\x00\x01\x02\x00\x00", 8));
  CHECK(made.size() == 8 + 0x0201);
}

TEST_CASE("frames come out the same however the stream was cut") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> sent;
    std::string stream;
    for (int i = 0; i < 5; ++i) {
      std::string payload(random() % 3000, '\0');
      for (char& c : payload) c = static_cast<char>(random());
      stream += frame(payload);
      sent.push_back(std::move(payload));
    }
    control::FrameReader reader(control::kRequestCap);
    std::vector<std::string> received;
    for (size_t at = 0; at < stream.size();) {
      const size_t size = 1 + random() % 700;
      reader.feed(std::string_view(stream).substr(at, size));
      at += size;
      for (auto next = reader.next(); next && *next; next = reader.next())
        received.push_back(**next);
    }
    CHECK(received == sent);
    CHECK_FALSE(reader.in_frame());
  }
}

TEST_CASE("bytes of another language are refused at the first wrong one") {
  for (const std::string_view wrong : {"G", "LX", "GET / HTTP/1.1\r\n", "\n"}) {
    control::FrameReader reader(control::kRequestCap);
    reader.feed(wrong);
    REQUIRE_FALSE(reader.next());
    reader.feed(frame("{}"));
    CHECK_FALSE(reader.next());  // and nothing mends the stream
  }
}

TEST_CASE("another major version is refused with a hint, a newer minor read") {
  std::string bytes = frame("{}");
  bytes[3] = 42;
  control::FrameReader newer(control::kRequestCap);
  newer.feed(bytes);
  CHECK(**newer.next() == "{}");

  bytes[2] = 2;
  control::FrameReader other(control::kRequestCap);
  other.feed(bytes.substr(0, 3));
  const auto refused = other.next();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().hint.find("restart the daemon") != std::string::npos);
}

TEST_CASE("a length above the cap is refused before its payload comes") {
  for (const std::string_view length :
       {std::string_view("\x00\x00\x00\x80", 4),
        std::string_view("\xff\xff\xff\xff", 4),
        std::string_view("\x01\x00\x00\x01", 4)}) {
    control::FrameReader reader(control::kRequestCap);
    reader.feed(std::string("LG\x01\x00", 4) + std::string(length));
    CHECK_FALSE(reader.next());
  }
  CHECK_FALSE(control::make_frame(std::string(11, 'x'), 10));
}

TEST_CASE("a payload of exactly the cap, and an empty one, pass") {
  control::FrameReader reader(100);
  reader.feed(*control::make_frame(std::string(100, 'x'), 100));
  reader.feed(*control::make_frame("", 100));
  CHECK((**reader.next()).size() == 100);
  CHECK((**reader.next()).empty());
  CHECK_FALSE(*reader.next());
}

TEST_CASE("random bytes never crash the reader") {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = frame("{\"request\":\"ping\"}");
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    control::FrameReader reader(control::kRequestCap);
    reader.feed(bytes);
    const auto next = reader.next();
    if (next && *next) CHECK((**next).size() <= bytes.size());
  }
}
