#include "store/names.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

namespace store {

TEST_CASE("live files are named as SPEC names them") {
  CHECK(live_name("api", Stream::Out, 0) == "api-out.log");
  CHECK(live_name("api", Stream::Error, 0) == "api-error.log");
  CHECK(live_name("api", Stream::Out, 1) == "api-out-1.log");
  CHECK(live_name("api", Stream::Error, 12) == "api-error-12.log");
  CHECK(live_name("api", Stream::Out, 1, Stamp::None) == "api-out-1.raw.log");
  CHECK(combined_name("api", 0) == "api-all.log");
  CHECK(combined_name("api", 3, Stamp::None) == "api-all-3.raw.log");
  CHECK(events_name("api") == "api-events.log");
}

TEST_CASE("an instance's number stands before the extension of a given name") {
  CHECK(numbered_name("/x/a.log", 0) == "/x/a.log");
  CHECK(numbered_name("/x/a.log", 2) == "/x/a-2.log");
  CHECK(numbered_name("/x/a.b.log", 1) == "/x/a.b-1.log");
  CHECK(numbered_name("/x.y/a", 1) == "/x.y/a-1");
  CHECK(numbered_name("/x/.hidden", 1) == "/x/.hidden-1");
  CHECK(numbered_name("a", 1) == "a-1");
  // What says how it is read stays at the end.
  CHECK(numbered_name("/x/a.raw.log", 1) == "/x/a-1.raw.log");
}

TEST_CASE("a log without stamps says so in its name") {
  CHECK(unstamped_name("api-out.log") == "api-out.raw.log");
  CHECK(unstamped_name("/a.b/api") == "/a.b/api.raw.log");
  CHECK(unstamped_name("/a.b/api.txt") == "/a.b/api.txt.raw.log");
  CHECK(unstamped_name("api-out.raw.log") == "api-out.raw.log");
  CHECK(is_unstamped("/logs/api-out-1.raw.log"));
  CHECK_FALSE(is_unstamped("api-out.log"));
  CHECK_FALSE(is_unstamped("raw.log.1"));
}

TEST_CASE("a sidecar lies beside its log") {
  CHECK(sidecar_name("/l/api-out-1.raw.log") == "/l/api-out-1.raw.idx");
  CHECK(sidecar_name("/l/api") == "/l/api.idx");
  CHECK(is_sidecar(sidecar_name(unstamped_name("/l/api"))));
  CHECK_FALSE(is_sidecar("/l/api.raw.log"));
}

TEST_CASE("names lie in the log directory, paths where they say") {
  CHECK(file_path("/home/logs", "api-out.log") == "/home/logs/api-out.log");
  CHECK(file_path("/home/logs", "/var/log/api") == "/var/log/api");
}

TEST_CASE("no two owners ever meet on one name, whatever apps are called") {
  // Names made of the very pieces that file names are made of.
  const std::string pieces[] = {
      "api",  "-",        "out",     "error", "events", "-out", "1",    "-1",
      ".log", "-error-1", "-events", "-10",   "a",      ".",    "-all", ".raw"};
  std::mt19937 random(11);
  std::map<std::string, std::string> owners;
  const auto claim = [&](const std::string& file, const std::string& owner) {
    const auto [at, fresh] = owners.emplace(file, owner);
    if (!fresh) CHECK_MESSAGE(at->second == owner, file);
  };
  claim(std::string(kDaemonEvents), "the daemon");
  claim(earlier_events(kDaemonEvents), "the daemon, earlier");
  claim(std::string(kCatalogName), "the catalog");
  claim(std::string(kArchiveDir), "the archive");
  for (int i = 0; i < 20'000; ++i) {
    std::string app;
    const size_t count = 1 + random() % 4;
    for (size_t k = 0; k < count; ++k)
      app += pieces[random() % std::size(pieces)];
    for (int instance : {0, 1, 2, 10, 11}) {
      const std::string number = " " + std::to_string(instance);
      claim(live_name(app, Stream::Out, instance), app + number + " out");
      claim(live_name(app, Stream::Error, instance), app + number + " error");
      claim(combined_name(app, instance), app + number + " all");
      const auto raw = live_name(app, Stream::Out, instance, Stamp::None);
      claim(raw, app + number + " raw");
      claim(sidecar_name(raw), app + number + " times");
    }
    claim(events_name(app), app + " events");
    claim(earlier_events(events_name(app)), app + " earlier events");
  }
}

}  // namespace store
