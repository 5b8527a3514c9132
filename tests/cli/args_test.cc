#include "cli/args.h"

#include <doctest/doctest.h>

#include <random>

#include "cli/commands.h"

namespace {

base::Result<cli::Args> parse(const char* command,
                              std::vector<std::string> words) {
  return cli::parse_args(*cli::find_command(command), words);
}

}  // namespace

TEST_CASE("flags may stand anywhere, words keep their order") {
  const auto args =
      parse("start", {"-i", "2", "a.js", "--name=api", "b.js", "--no-wait"});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"a.js", "b.js"});
  CHECK(args->value("instances") == "2");
  CHECK(args->value("name") == "api");
  CHECK(args->has("no-wait"));
  CHECK_FALSE(args->has("json"));
}

TEST_CASE("what follows -- is left alone, whatever it is") {
  const auto args =
      parse("start", {"a.js", "--", "--name", "x", "--", "-h", ""});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"a.js"});
  CHECK(args->rest == std::vector<std::string>{"--name", "x", "--", "-h", ""});
  CHECK_FALSE(args->has("name"));
}

TEST_CASE("values are taken as they are: dashes, brackets, nothing") {
  CHECK(parse("logs", {"--since", "-10m"})->value("since") == "-10m");
  CHECK(parse("logs", {"--since=-10m"})->value("since") == "-10m");
  CHECK(parse("start", {"x", "--cwd", "[a,b]"})->value("cwd") == "[a,b]");
  CHECK(parse("start", {"x", "--cwd", "{}"})->value("cwd") == "{}");
  CHECK(parse("logs", {"-n5"})->value("lines") == "5");
  const auto dashes = parse("grep", {"-c", "-e", "--", "api", "--", "x"});
  CHECK(dashes->values("regexp") == std::vector<std::string>{"--"});
  CHECK(dashes->words == std::vector<std::string>{"api"});
  CHECK(dashes->rest == std::vector<std::string>{"x"});
  CHECK(parse("grep", {"--regexp", "--"})->value("regexp") == "--");
  CHECK(parse("start", {"[a,b]", "{}", "%%"})->words ==
        std::vector<std::string>{"[a,b]", "{}", "%%"});
}

TEST_CASE("a repeated flag keeps every value, and the last one wins") {
  const auto args = parse("stop", {"all", "--exclude", "a", "--exclude", "b"});
  REQUIRE(args);
  CHECK(args->values("exclude") == std::vector<std::string>{"a", "b"});
  CHECK(args->value("exclude") == "b");
  CHECK(args->words == std::vector<std::string>{"all"});
}

TEST_CASE("a mistyped flag names the nearest one") {
  const auto args = parse("start", {"a.js", "--intances", "2"});
  REQUIRE_FALSE(args);
  CHECK(args.error().message == "--intances: no such flag");
  CHECK(args.error().hint == "did you mean --instances?");
  CHECK(parse("list", {"--zzzzzzzz=1"}).error().hint == "lodge list --help");
}

TEST_CASE("PM2's flags that are not here are answered with what to do") {
  struct Row {
    const char* command;
    const char* flag;
    const char* hint;
  };
  for (const auto& [command, flag, hint] : {
           Row{"start", "--no-daemon", "lodge run"},
           Row{"start", "--no-vizion", "version control"},
           Row{"start", "--trace", "nothing is injected"},
           Row{"start", "--ext=js", "--watch="},
           Row{"start", "-w", "always kept"},
           Row{"list", "-m", "narrows"},
           Row{"restart", "--watch", "lodge start APP --watch"},
       }) {
    CAPTURE(flag);
    const auto args = parse(command, {"a", flag});
    REQUIRE_FALSE(args);
    CHECK(args.error().message.find(": PM2's, not a flag of lodge ") !=
          std::string::npos);
    CHECK(args.error().hint.find(hint) != std::string::npos);
  }
  CHECK(parse("start", {"a", "--watch"}));
  CHECK(cli::unknown_command("--no-daemon").hint == "lodge run SCRIPT");
}

TEST_CASE("a flag without its value, or with one too many, is an error") {
  CHECK(parse("start", {"a.js", "--name"}).error().message ==
        "--name: NAME is missing");
  CHECK(parse("start", {"a.js", "-i"}).error().message ==
        "--instances: N is missing");
  CHECK(parse("list", {"--json=yes"}).error().message ==
        "--json: takes no value");
  CHECK_FALSE(parse("list", {"-x"}));
}

TEST_CASE("an empty value is refused where it can't be meant") {
  CHECK(parse("logs", {"--since", ""}).error().message ==
        "--since: TIME is missing");
  CHECK(parse("list", {"--home="}).error().message == "--home: DIR is missing");
  CHECK(parse("start", {"x", "--interpreter-args", ""}));
}

TEST_CASE("a format that is left out takes no word away") {
  for (const std::vector<std::string>& rest :
       {std::vector<std::string>{}, {"-n", "1"}, {"--raw"}}) {
    std::vector<std::string> words = {"api", "--timestamp"};
    words.insert(words.end(), rest.begin(), rest.end());
    const auto args = parse("logs", words);
    REQUIRE(args);
    CHECK(args->words == std::vector<std::string>{"api"});
    CHECK(args->value("timestamp") == "");
    CHECK(args->has("lines") == (rest.size() == 2));
    CHECK(args->has("raw") == (rest.size() == 1));
  }
  const auto before = parse("logs", {"--timestamp", "api"});
  CHECK(before->value("timestamp") == "");
  CHECK(before->words == std::vector<std::string>{"api"});
  CHECK(parse("logs", {"--timestamp", "HH:mm"})->value("timestamp") == "HH:mm");
  CHECK(parse("logs", {"--timestamp=", "api"})->value("timestamp") == "");
  CHECK(parse("logs", {"--since=", "api"}).error().message ==
        "--since: TIME is missing");
}

TEST_CASE("the empty pattern is a pattern") {
  const auto args = parse("grep", {"-e", "", "api"});
  REQUIRE(args);
  CHECK(args->values("regexp") == std::vector<std::string>{""});
  CHECK(args->words == std::vector<std::string>{"api"});
  CHECK(parse("grep", {"-e"}).error().message == "--regexp: RE is missing");
}

TEST_CASE("random command lines are parsed or refused, never worse") {
  const std::vector<std::string> pieces = {
      "--",      "-",      "",      "--name", "-n",      "--name=",  "-i2",
      "api",     "--json", "-h",    "--=",    "---",     "-=x",      "[",
      "[]",      "{}",     "[a,b]", "%%",     "\"",      "\xff\xfe", "\n",
      "++",      "!x",     "--no-", "-nfk",   "--help",  "=",        "-1",
      "--since", "-10m",   "@",     "#",      "--lines", "all",      "/re/"};
  std::mt19937 random(5);
  for (int round = 0; round < 4000; ++round) {
    const auto all = cli::commands();
    const auto& command = all[random() % all.size()];
    std::vector<std::string> argv(random() % 7);
    for (auto& word : argv) {
      word = pieces[random() % pieces.size()];
      if (random() % 5 == 0) word += static_cast<char>(random());
    }
    const auto args = cli::parse_args(command, argv);
    if (args) continue;
    CHECK(args.error().code == base::Errc::Invalid);
    CHECK_FALSE(args.error().message.empty());
  }
}
