#include "daemon/log_files.h"

#include <doctest/doctest.h>

namespace daemon_ {
namespace {

using config::AppSpec;
using config::LogSettings;

AppSpec api(LogSettings log = {}) {
  AppSpec spec;
  spec.name = "api";
  spec.script = "/srv/api.js";
  spec.cwd = "/srv";
  spec.log = std::move(log);
  return spec;
}

}  // namespace

TEST_CASE("where the streams of an instance go, by what was said of them") {
  struct Row {
    LogSettings log;
    int number;
    std::string out;
    std::string error;
  };
  const auto raw = LogSettings::Stamp::None;
  for (const auto& row : {
           Row{{}, 0, "api-out.log", "api-error.log"},
           Row{{}, 2, "api-out-2.log", "api-error-2.log"},
           Row{{.merge_logs = true}, 2, "api-out.log", "api-error.log"},
           Row{{.stamp = raw}, 1, "api-out-1.raw.log", "api-error-1.raw.log"},
           Row{{.log_file = "true"}, 0, "api-all.log", "api-all.log"},
           Row{{.log_file = "true"}, 1, "api-all-1.log", "api-all-1.log"},
           Row{{.log_file = "true", .stamp = raw},
               0,
               "api-all.raw.log",
               "api-all.raw.log"},
           Row{{.log_file = "a.log"}, 0, "/srv/a.log", "/srv/a.log"},
           Row{{.out_file = "o.log"}, 1, "/srv/o-1.log", "api-error-1.log"},
           // Readers know a file without stamps by its name.
           Row{{.out_file = "o.log", .error_file = "e", .stamp = raw},
               1,
               "/srv/o-1.raw.log",
               "/srv/e-1.raw.log"},
           Row{{.log_file = "o.raw.log", .stamp = raw},
               1,
               "/srv/o-1.raw.log",
               "/srv/o-1.raw.log"},
           Row{{.out_file = "/dev/null", .stamp = raw},
               0,
               "",
               "api-error.raw.log"},
           Row{{.out_file = "../x/o", .merge_logs = true},
               1,
               "/x/o",
               "api-error.log"},
           // What is named has its own; the rest is combined.
           Row{{.error_file = "/e.log", .log_file = "true"},
               0,
               "api-all.log",
               "/e.log"},
           Row{{.out_file = "/dev/null"}, 0, "", "api-error.log"},
           Row{{.out_file = "/dev/null", .error_file = "NULL"}, 1, "", ""},
           Row{{.log_file = "/dev/null"}, 0, "", ""},
           Row{{.out_file = "/o.log", .disable_logs = true}, 0, "", ""},
           // The same file has the same name, however it was written.
           Row{{.out_file = "/home/logs/./x.log"}, 0, "x.log", "api-error.log"},
       }) {
    const auto files = files_of(api(row.log), 5, row.number, "/home/logs");
    CAPTURE(row.out);
    CAPTURE(row.error);
    CHECK(files.out_file == row.out);
    CHECK(files.error_file == row.error);
    CHECK(files.id == 5);
    CHECK(files.stamp ==
          (row.log.stamp == raw ? store::Stamp::None : store::Stamp::Prefix));
  }
}

TEST_CASE("what was said reaches capture, every word of it") {
  using O = capture::SinkOptions;
  O plain;
  plain.max_size = 77;
  CHECK(sink_options({}, 77) == plain);
  LogSettings log;
  log.stamp = LogSettings::Stamp::Json;
  log.max_size = 0;  // never, and not "as you like"
  log.overflow = LogSettings::Overflow::Drop;
  log.on_full = LogSettings::OnFull::Wait;
  log.rate_bytes = 5;
  log.rate_burst = 6;
  log.rate_then = LogSettings::Then::Sample;
  log.redact = {"a", "b"};
  log.strip_ansi = true;
  log.sync = LogSettings::Sync::Rotate;
  log.mode = 0640;
  const O wanted{.stamp = O::Stamp::Json,
                 .overflow = O::Overflow::Drop,
                 .on_full = O::OnFull::Wait,
                 .sync = O::Sync::Rotate,
                 .rate = {5, 6, O::Rate::Then::Sample},
                 .max_size = 0,
                 .strip_ansi = true,
                 .redact = {"a", "b"},
                 .mode = 0640};
  CHECK(sink_options(log, 77) == wanted);
  log.stamp = LogSettings::Stamp::None;
  log.sync = LogSettings::Sync::None;
  CHECK(sink_options(log, 77).stamp == O::Stamp::None);
  CHECK(sink_options(log, 77).sync == O::Sync::None);
}

}  // namespace daemon_
