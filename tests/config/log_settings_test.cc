// The log settings of an app, from JSON and back.

#include <doctest/doctest.h>

#include <algorithm>

#include "config/app_spec.h"

namespace config {
namespace {

base::Result<AppSpec> with(const std::string& members,
                           const AppSpec& before = {}) {
  return parse_spec(
      R"({"name":"api","script":"/srv/api.js","cwd":"/srv",)" + members + "}",
      before);
}

std::string error_of(const std::string& members) {
  const auto spec = with(members);
  REQUIRE_FALSE(spec);
  const auto& hint = spec.error().hint;
  return spec.error().message + (hint.empty() ? "" : " · " + hint);
}

std::string setting(const AppSpec& spec, std::string_view key) {
  const auto all = settings_of(spec);
  const auto found = std::ranges::find(all, key, &SpecSetting::key);
  REQUIRE(found != all.end());
  return found->value;
}

std::string size_is(const std::string& value) {
  return R"("log":{"max_size":)" + value + "}";
}
std::string mode_is(const std::string& value) {
  return R"("log":{"mode":)" + value + "}";
}

}  // namespace

TEST_CASE("every log setting is read, kept and shown") {
  const auto spec = with(R"(
    "out_file":"a.log","error_file":"/x/b.log","log_file":true,
    "merge_logs":true,"disable_logs":true,"time":true,"uid":"www","gid":33,
    "log":{"stamp":"json","max_size":"10MB","overflow":"drop","on_full":"wait",
      "rate":{"bytes":"1M","burst":2048,"then":"sample"},
      "redact":["pw=\\S+"],"strip_ansi":true,"sync":"rotate","mode":"0640",
      "pty":true})");
  REQUIRE(spec);
  const LogSettings& log = spec->log;
  CHECK(log.out_file == "a.log");
  CHECK(log.log_file == "true");
  CHECK((log.merge_logs && log.disable_logs && log.time));
  CHECK(log.stamp == LogSettings::Stamp::Json);
  CHECK(log.max_size == uint64_t{10} << 20);
  CHECK(log.overflow == LogSettings::Overflow::Drop);
  CHECK(log.on_full == LogSettings::OnFull::Wait);
  CHECK(log.rate_bytes == uint64_t{1} << 20);
  CHECK(log.rate_burst == 2048);
  CHECK(log.rate_then == LogSettings::Then::Sample);
  CHECK(log.redact == std::vector<std::string>{R"(pw=\S+)"});
  CHECK((log.strip_ansi && log.pty));
  CHECK(log.sync == LogSettings::Sync::Rotate);
  CHECK(log.mode == 0640);
  CHECK(spec->uid == "www");
  CHECK(spec->gid == "33");
  CHECK(parse_spec(print_spec(*spec)) == *spec);
  CHECK(setting(*spec, "log.max_size") == "10M");
  CHECK(setting(*spec, "log.rate.then") == "sample");
  CHECK(setting(*spec, "log.mode") == "0640");
  CHECK(setting(*spec, "log_file") == "true");
}

TEST_CASE("sizes are all of base two, whatever they are called") {
  for (const auto* size : {R"("10M")", R"("10MB")", R"("10MiB")", "10485760"})
    CHECK(with(size_is(size))->log.max_size == uint64_t{10} << 20);
}

TEST_CASE("a nested key that is unknown names the nearest, wherever it lies") {
  CHECK(error_of(R"("log":{"max_sise":1})") ==
        "log.max_sise: no such setting · did you mean log.max_size?");
  CHECK(error_of(R"("log":{"rate":{"byte":1}})") ==
        "log.rate.byte: no such setting · did you mean log.rate.bytes?");
  CHECK(error_of(R"("max_size":"10M")") ==
        "max_size: no such setting · did you mean log.max_size?");
  CHECK(error_of(R"("log":{"env":{}})").starts_with("log.env: no such"));
}

TEST_CASE("a section is an object, and a wrong value names its whole key") {
  CHECK(error_of(R"("log":7)") == "log: 7 is not a valid value");
  CHECK(error_of(R"("log":{"rate":"1M"})") ==
        "log.rate: \"1M\" is not a valid value");
  CHECK(error_of(R"("log":{"overflow":"dorp"})") ==
        "log.overflow: 'dorp' is none of block, drop · did you mean drop?");
  CHECK(error_of(R"("log":{"max_size":"big"})")
            .starts_with("log.max_size: 'big' is not a size"));
  CHECK(error_of(R"("log":{"max_size":-1})").starts_with("log.max_size: "));
  CHECK(error_of(R"("log":{"strip_ansi":"yes"})") ==
        "log.strip_ansi: \"yes\" is not a valid value");
}

TEST_CASE("a bad pattern is an error that shows it") {
  const auto error = error_of(R"("log":{"redact":["ok","pw=(\\S+"]})");
  CHECK(error.find(R"(log.redact: 'pw=(\S+': )") == 0);
  CHECK(error.find("missing )") != std::string::npos);
}

TEST_CASE("a mode lets Lodge read and write, and nobody run") {
  for (const auto* good : {"\"0600\"", "\"640\"", "\"0666\""})
    CHECK(with(mode_is(good)));
  for (const auto* bad : {"\"0400\"", "\"0755\"", "\"0680\"", "\"\"", "640",
                          "\"1600\"", "\"0640 \""})
    CHECK_FALSE(with(mode_is(bad)));
}

TEST_CASE("what is not said of a nested key stays, and null is the default") {
  const auto before = with(R"("log":{"max_size":"1M","sync":"none"})");
  REQUIRE(before);
  const auto one = with(R"("log":{"sync":"rotate"})", *before);
  REQUIRE(one);
  CHECK(one->log.max_size == uint64_t{1} << 20);
  CHECK(changed_keys(*before, *one) == std::vector<std::string>{"log.sync"});
  const auto two = with(R"("log":{"max_size":null})", *one);
  REQUIRE(two);
  CHECK_FALSE(two->log.max_size);
  CHECK(two->log.sync == LogSettings::Sync::Rotate);
}

TEST_CASE("the app list holds what differs from the defaults, nested") {
  const auto spec = with(R"("log":{"rate":{"bytes":1024}})");
  REQUIRE(spec);
  const auto text = print_spec(*spec);
  CHECK(text.find(R"("log":{"rate":{"bytes":"1K"}})") != std::string::npos);
  CHECK(text.find("merge_logs") == std::string::npos);
}

TEST_CASE("a log file's name holds no newline") {
  CHECK_FALSE(with(R"("out_file":"a\nb")"));
  CHECK_FALSE(with(R"("log_file":"a\u0000b")"));
  CHECK_FALSE(with(R"("out_file":true)"));
  CHECK(with(R"("log_file":false)")->log.log_file.empty());
}

}  // namespace config
