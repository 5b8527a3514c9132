#include "cli/log_conflicts.h"

#include <doctest/doctest.h>

#include "cli/commands.h"
#include "cli/log_request.h"

namespace {

// `lodge COMMAND WORDS…` as far as its question is understood.
base::Status asked(std::string_view command, std::vector<std::string> words) {
  const auto& row = *cli::find_command(command);
  const auto args = cli::parse_args(row, words);
  REQUIRE(args);
  cli::Invocation invocation{row, *args, base::Home("/nowhere"), {}};
  invocation.json = args->has("json");
  auto logs = cli::logs_args(invocation);
  if (command == "grep" && !args->words.empty()) {
    logs.grep = true;
    logs.text.any.push_back(args->words.front());
  }
  if (auto request = cli::understand(logs, {}); !request)
    return base::fail(std::move(request.error()));
  return {};
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("flags that make no sense together are named, whatever their order") {
  struct Row {
    Words words;
    std::string_view told;
  };
  const Row rows[] = {
      {{"x", "--raw", "--json"}, "--raw and --json: one or the other"},
      {{"x", "--json", "--template", "{app}"}, "--json and --template"},
      {{"x", "--template", "{app}", "--format"}, "--template and --format"},
      {{"x", "--format", "--raw"}, "--raw and --format"},
      {{"x", "--json", "-o"}, "--only-matching and --json"},
      {{"x", "-o", "--template", "{app}"}, "--only-matching and --template"},
      {{"x", "-o", "--fields", "a"}, "--only-matching and --fields"},
      {{"x", "-o", "--records"}, "--records and --only-matching"},
      {{"x", "-o", "--top"}, "--only-matching and --top"},
      {{"x", "--json", "--fields", "a"}, "--fields and --json"},
      {{"x", "--raw", "--pretty"}, "--pretty and --raw"},
      {{"x", "-c", "--by", "1m"}, "--count and --by"},
      {{"x", "--top", "--distinct", "a"}, "--distinct and --top"},
      {{"x", "-c", "--template", "{app}"}, "--template and --count"},
      {{"x", "-c", "--format"}, "--format and --count"},
      {{"x", "-l", "--fields", "a"}, "--fields and --files-with-matches"},
      {{"x", "--files", "--top"}, "--files and --top"},
      {{"x", "-f", "-c"}, "--follow and --count"},
      {{"x", "-f", "--reverse"}, "--follow and --reverse"},
      {{"x", "--records", "--reverse"}, "--records and --reverse"},
      {{"x", "--records", "--cursor-file", "f"}, "--records and --cursor-file"},
      {{"x", "--records", "--lines-only"}, "--records and --lines-only"},
      {{"x", "--around", "-1h", "--since", "-2h"}, "--around and --since"},
      {{"x", "--around", "-1h", "--until", "-2h"}, "--around and --until"},
      {{"x", "--window", "1h"}, "--window: belongs to --around"},
      {{"x", "--context-of", "all"}, "--context-of: belongs to -A, -B or -C"},
      {{"x", "--reverse", "-C", "1"}, "--reverse: has no context"},
      {{"x", "--generation", "1", "--last-crash"},
       "--generation and --last-crash"},
      {{"x", "--since-restart", "--last-crash"},
       "--since-restart and --last-crash"},
      {{"x", "--new"}, "--new: belongs to --top"},
      {{"x", "--top", "--baseline", "2h..1h"}, "--baseline: belongs to"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.told);
    const auto status = asked("grep", row.words);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == base::Errc::Invalid);
    CHECK(status.error().message.find(row.told) != std::string::npos);
  }
  for (const Words& words :
       {Words{"-o"}, {"-o", "--level", "error"}, {"-o", "--not", "x"}, {"-v"}})
    CHECK(asked("logs", words).error().message.find("of which pattern?") !=
          std::string::npos);
}

TEST_CASE("what grep takes together is taken, and what adds to each other") {
  for (const Words& words :
       {Words{"x", "-c", "-o"},
        {"x", "-c", "--raw"},
        {"x", "-l", "--raw"},
        {"x", "-l", "-c"},
        {"x", "-l", "-o"},
        {"x", "-c", "-C", "3"},
        {"x", "-l", "-A", "1"},
        {"x", "-v", "-o"},
        {"x", "-q", "-c", "--json"},
        {"x", "-q", "--raw", "--template", "a"},
        {"x", "-q", "-f"},
        {"x", "-l", "-f"},
        {"x", "-l", "--files"},
        {"x", "-i", "-S"},
        {"x", "-w", "-x"},
        {"x", "--out", "--err"},
        {"x", "-c", "--json"},
        {"x", "--by", "1m", "--json"},
        {"x", "-l", "--json"},
        {"x", "-o", "--raw"},
        {"x", "-o", "-C", "1"},
        {"x", "-n", "5", "-m", "2"},
        {"x", "--records", "-n", "1", "-C", "1"},
        {"x", "--records", "-c"},
        {"x", "--reverse", "-m", "1"},
        {"x", "--around", "1:1795256100000000:a:0:out:1:0", "--window", "1s"},
        {"x", "--top", "--new", "--baseline", "2h..1h"},
        {"x", "--raw", "--timestamp", "%F"},
        {"x", "--json", "--utc"},
        {"x", "--format", "--timestamp", "%F"},
        {"x", "-f", "--nostream"}}) {
    CAPTURE(words.back());
    const auto status = asked("grep", words);
    CHECK(status);
    if (!status) MESSAGE(status.error().message);
  }
  CHECK(asked("logs", {"--and", "x", "-o"}));
  CHECK(asked("logs", {"--highlight", "x", "-o"}));
  CHECK(asked("logs", {"--and", "x", "-v"}));
}
