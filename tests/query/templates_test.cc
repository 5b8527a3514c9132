#include "query/templates.h"

#include <doctest/doctest.h>

#include <string>

#include "base/json.h"
#include "query/json_lines.h"

using query::make_template;

TEST_CASE("what differs from line to line is left out of its template") {
  struct Row {
    std::string_view line, wanted;
  };
  for (const auto& [line, wanted] : {
           Row{"user 42 logged in from 10.1.2.3 in 12ms",
               "user <n> logged in from <ip> in <n>ms"},
           {"listening on 0.0.0.0:8080", "listening on <ip>"},
           {"peer 2001:db8::8a2e:370:7334 left", "peer <ip> left"},
           {"peer [::1]:80", "peer [<ip>]:<n>"},
           {"peer ::ffff:10.0.0.1 left", "peer <ip> left"},
           {"nic 00:1a:2b:3c:4d:5e up", "nic <id> up"},
           {"2026-11-21T10:15:02.123456Z started", "<time> started"},
           {"2026-11-21 10:15:02,123 started", "<time> started"},
           {"2026-11-21T10:15:02+01:00 x", "<time> x"},
           {"2026-11-21T10:15:02.5-0500 x", "<time> x"},
           {"2026/11/21 10:15:02 [error]", "<time> [error]"},
           {"at 10:15:02", "at <time>"},
           {"on 2026-11-21", "on <time>"},
           {"10.0.0.1 - - [21/Nov/2026:10:15:02 +0000] \"GET /u/7 HTTP/1.1\" "
            "200 512",
            "<ip> - - [<n>/Nov/<n>:<time> +<n>] \"GET /u/<n> HTTP/<n>\" <n> "
            "<n>"},
           {"id 3f9d2c71-8e4a-4b6f-9c11-2a7d5e8f0b34 done", "id <id> done"},
           {"commit deadbeef1 by 123abc", "commit <id> by <id>"},
           {"at 0x1f of 0x7fff12345678", "at <id> of <id>"},
           {"decade facade", "decade facade"},
           {"took 1.5s, 12.25 ms, 3MiB, 12\u00b5s, 1.5\u00b5s",
            "took <n>s, <n> ms, <n>MiB, <n>\u00b5s, <n>\u00b5s"},
           {"up for 1h3m2.5s or 1m30s", "up for <time> or <time>"},
           {"worker3 of pool_12 on utf8", "worker<n> of pool_<n> on utf<n>"},
           {"pod api-7d9f8b6c5-x2x4z", "pod api-<id>-<id>"},
           {"req_8f3a2b1c9dzz", "<id>"},
           {"i18n k8s s3", "i18n k8s s<n>"},
           {"\u7528\u62371234\u767b\u5f55", "\u7528\u6237<n>\u767b\u5f55"},
           {"std::vector a::b::c ERROR: x: y",
            "std::vector a::b::c ERROR: x: y"},
           {"\x1b[32minfo\x1b[0m: 3 \x1b[1mconnected\x1b[0m",
            "info: <n> connected"},
           {"ends with 3\r", "ends with <n>"},
           {"", ""},
       }) {
    CHECK(make_template(line) == wanted);
  }
}

TEST_CASE("the template of a line of JSON is that of its message") {
  CHECK(make_template(R"({"level":"warn","msg":"slow: 12ms","t":5})") ==
        "warn slow: <n>ms");
  CHECK(make_template(R"({"message":"user \u0034\u0032 in"})") ==
        "user <n> in");
  CHECK(make_template(R"(10:15:02 {"level":50,"event":"x 1"})")
            .ends_with("x <n>"));
  CHECK(make_template(R"({"msg":5,"message":"a 1"})") == "a <n>");
  CHECK(make_template(R"({"user":17})") == R"({"user":<n>})");
  CHECK(make_template(R"({"msg":"cut 17)") == R"({"msg":"cut <n>)");
}

TEST_CASE("of a long line the beginning is the template, whole characters") {
  std::string line = "x";
  while (line.size() < 5000) line += "\u00e9";
  const auto made = make_template(line);
  CHECK(made.size() <= 1024);
  CHECK(base::is_utf8(made));
  CHECK(make_template(line + "17") == made);
}

TEST_CASE("lines that differ in their numbers alone have one template") {
  query_test::Random random(61);
  static constexpr std::string_view kWords[] = {
      "user", "took", "ERROR:", "[api]", "a=b", "caf\u00e9", "GET", "/", "-"};
  for (int round = 0; round < 5000; ++round) {
    std::string one, two;
    for (size_t n = 1 + random() % 8; n > 0; --n) {
      const auto put = [&](auto make) {
        one += make();
        two += make();
      };
      switch (random() % 5) {
        case 0:
          put([&] { return std::to_string(random() % 1'000'000); });
          break;
        case 1:
          put([&] {
            return fmt::format("{}.{}.{}.{}", random() % 256, random() % 256,
                               random() % 256, random() % 256);
          });
          break;
        case 2:
          put([&] {
            return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                               random() & 0xffffffff, random() & 0xffff,
                               random() & 0xfff, random() & 0xfff,
                               random() & 0xffffffffffff);
          });
          break;
        case 3:
          put([&] {
            return fmt::format("20{:02}-{:02}-{:02} {:02}:{:02}:{:02}.{}",
                               random() % 100, 1 + random() % 12,
                               1 + random() % 28, random() % 24, random() % 60,
                               random() % 60, random() % 1000);
          });
          break;
        default: {
          const auto word = query_test::one_of(kWords, random);
          one += word;
          two += word;
        }
      }
      one += ' ';
      two += ' ';
    }
    CAPTURE(one);
    CAPTURE(two);
    REQUIRE(make_template(one) == make_template(two));
  }
}
