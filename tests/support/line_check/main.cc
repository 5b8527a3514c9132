// The checker of invariants, for a shell:
//
//   line_check [--raw] [--foreign] [--runs N] [--home DIR]
//              --truth FILE... [--history LOGS APP]... PLACE...
//
// --history: an app's stdout, segments and live file. Prints what was found;
// exit 0 clean, 1 not, 2 wrong usage. --raw: the places that follow bear no
// stamps. --home: also its processes, one daemon, one keeper, no orphan.

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "support/lines/checker.h"
#include "support/lines/history.h"

int main(int argc, char** argv) {
  support::LineChecker checker;
  support::PlaceTraits traits;
  std::string home;
  int places = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--raw") {
      traits.stamped = false;
    } else if (word == "--foreign") {
      traits.foreign = true;
    } else if (word == "--truth" && has_value) {
      checker.add_truth(argv[++i]);
    } else if (word == "--runs" && has_value) {
      checker.expect_runs(std::strtoull(argv[++i], nullptr, 10));
    } else if (word == "--home" && has_value) {
      home = argv[++i];
    } else if (word == "--history" && i + 2 < argc) {
      for (const auto& path : support::history_of(argv[i + 1], argv[i + 2],
                                                  support::SourceStream::Out))
        checker.add_place(support::file_place(path), traits);
      i += 2;
      ++places;
    } else if (!word.starts_with("--")) {
      checker.add_place(support::file_place(std::string(word)), traits);
      ++places;
    } else {
      fmt::print(stderr, "line_check: {}\n", word);
      return 2;
    }
  }
  if (places == 0) return 2;
  auto report = checker.check();
  if (!home.empty()) support::check_processes(home, {}, report);
  fmt::print("{}\n", report.text());
  return report.clean() ? 0 : 1;
}
