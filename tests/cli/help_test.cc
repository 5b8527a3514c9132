#include "cli/help.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/fs.h"
#include "base/settings.h"
#include "cli/commands.h"
#include "cli/help_topics.h"
#include "cli/text_cells.h"
#include "config/keys.h"

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  return lines;
}

// `lodge ...` in a line of prose: to where the command ends.
std::vector<std::string> command_in(std::string_view line, size_t at) {
  auto text = line.substr(at);
  for (const std::string_view end : {"  ", ": ", ", ", ". ", ";", ")"})
    text = text.substr(0, text.find(end));
  while (text.ends_with('.') || text.ends_with(':')) text.remove_suffix(1);
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c != ' ')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

// A key of an app's configuration or a setting is one that there is.
void check_keys(const cli::Command& command, const cli::Args& args) {
  if (command.name == "set")
    CHECK(std::ranges::count(base::setting_keys(), args.words.at(0),
                             &base::SettingKey::name) == 1);
  for (const auto& pair : args.values("set"))
    CHECK(std::ranges::count(config::keys(), pair.substr(0, pair.find('=')),
                             &config::Key::name) == 1);
}

}  // namespace

TEST_CASE("no name, alias or flag is there twice") {
  std::set<std::string_view> names;
  for (const auto& command : cli::commands()) {
    CHECK(names.insert(command.name).second);
    for (const auto alias : command.aliases) CHECK(names.insert(alias).second);
    std::set<std::string> flags;
    cli::for_each_flag(command, [&](const cli::Flag& flag) {
      CAPTURE(flag.name);
      CHECK(flags.insert(std::string(flag.name)).second);
      if (flag.letter != 0) CHECK(flags.insert({flag.letter}).second);
    });
  }
}

TEST_CASE("every example is a command that exists") {
  for (const auto& command : cli::commands()) {
    CHECK_FALSE(command.summary.empty());
    for (const auto& example : command.examples) {
      CAPTURE(example.line);
      const auto expected = "lodge " + std::string(command.name);
      CHECK(example.line.find(expected) != example.line.npos);
    }
  }
}

TEST_CASE("every command in the topics of help is one that works") {
  size_t commands = 0;
  for (const auto& topic : cli::help_topics())
    for (const auto& line : lines_of(std::string(topic.text)))
      for (auto at = line.find("lodge "); at != line.npos;
           at = line.find("lodge ", at + 1)) {
        CAPTURE(line);
        auto words = command_in(line, at);
        REQUIRE(words.size() > 1);
        const auto* command = cli::find_command(words[1]);
        REQUIRE(command != nullptr);
        words.erase(words.begin(), words.begin() + 2);
        const auto args = cli::parse_args(*command, words);
        REQUIRE_MESSAGE(args, args.error().message);
        ++commands;
        check_keys(*command, *args);
        // A value behind a flag that takes none would be a target.
        if (!command->arguments.starts_with("[target")) continue;
        for (const auto& word : args->words) CHECK(word == "api");
      }
  CHECK(commands > 20);
}

TEST_CASE("`lodge` alone shows ten commands that exist, by task") {
  size_t tasks = 0;
  for (const auto& line : lines_of(cli::overview())) {
    if (!line.starts_with("  lodge ")) continue;
    ++tasks;
    const auto word = line.substr(8, line.find(' ', 8) - 8);
    CHECK(cli::find_command(word) != nullptr);
  }
  CHECK(tasks == 10);
}

TEST_CASE("help fits a terminal of 80") {
  for (const auto& line : lines_of(cli::overview() + cli::command_list()))
    CHECK_MESSAGE(cli::display_width(line) < 81, line);
  for (const auto& command : cli::commands())
    for (const auto& line : lines_of(cli::command_help(command)))
      CHECK_MESSAGE(cli::display_width(line) < 81, line);
}

TEST_CASE("help of a command has its usage, flags and examples") {
  CHECK(cli::command_help(*cli::find_command("del")) ==
        R"(lodge delete <target…> [flags]

  stop apps and forget them; their logs stay
  also: del, rm

  A target is an id, a name, name/instance, a namespace, all, a pattern
  ('api-*'), a regular expression ('/^api/'), or a configuration file (its
  apps); id:3, app:x and ns:x say which is meant.

Flags
      --logs            delete its logs too
      --only NAME,…     of a configuration file only these apps
      --env NAME        with env_NAME of the configuration over env
      --exclude TARGET  leave out (repeatable)

Common flags
      --json            print JSON
      --home DIR        instead of $LODGE_HOME or ~/.lodge
      --no-color        no colours (also: NO_COLOR, or no terminal)
      --silent          print errors only
  -h, --help            help; -h is the short form

Examples
  lodge delete api
      stop and forget; the logs stay readable
  lodge delete api --logs
      the logs too
)");
  CHECK(cli::short_help(*cli::find_command("del")) ==
        R"(usage: lodge delete <target…> [flags]
      --logs            delete its logs too
      --only NAME,…     of a configuration file only these apps
      --env NAME        with env_NAME of the configuration over env
      --exclude TARGET  leave out (repeatable)
)");
}

TEST_CASE("a value that only follows = is shown so") {
  const auto help = cli::command_help(*cli::find_command("start"));
  CHECK(help.find("--watch[=PATHS] ") != std::string::npos);
}

TEST_CASE("the paragraphs of a help text begin lines of their own") {
  const auto lines = lines_of(cli::command_help(*cli::find_command("start")));
  size_t blanks = 0;
  for (size_t i = 1; i + 1 < lines.size(); ++i) {
    if (!lines[i + 1].starts_with("  A configuration file")) continue;
    CHECK(lines[i].empty());
    ++blanks;
  }
  CHECK(blanks == 1);
}

TEST_CASE("the manual page is the one that the command table makes") {
  const auto path = std::string(LODGE_SOURCE_DIR) + "/docs/lodge.1";
  const auto page = base::fs::read_file(path);
  REQUIRE_MESSAGE(page, path);
  CHECK_MESSAGE(*page == cli::manual_page(),
                "make it anew: lodge help --man > docs/lodge.1");
}
