#include "cli/run.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/eprint.h"
#include "cli/commands.h"
#include "cli/file_targets.h"
#include "cli/help.h"
#include "cli/report.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

// Flags that may stand before the command: `lodge --home /srv/l list`.
struct Front {
  std::vector<std::string> flags;
  size_t size = 0;  // words taken
};

Front front_flags(std::span<const std::string> words) {
  Front front;
  while (front.size < words.size()) {
    const auto& word = words[front.size];
    const bool takes_next = word == "--home";
    if (!takes_next && !word.starts_with("--home=") && word != "--json" &&
        word != "--no-color" && word != "--silent")
      break;
    for (size_t i = 0; i <= (takes_next ? 1 : 0); ++i)
      if (front.size < words.size()) front.flags.push_back(words[front.size++]);
  }
  return front;
}

// As it was typed, for events, less its secrets; cut where it becomes a novel.
std::string typed_line(std::span<const std::string> words) {
  constexpr size_t kLongest = 200;  // cells
  std::string line = "lodge";
  for (const auto& word : mask_words({words.begin(), words.end()}))
    line += " " + printable(word);
  return cut_to_width(mask_secrets(line), kLongest);
}

base::Status check_words(const Command& command, const Args& args) {
  if (args.words.size() < command.least_words)
    return base::fail(base::Errc::Invalid,
                      fmt::format("{} is missing", command.arguments),
                      fmt::format("lodge {} --help", command.name));
  if (args.words.size() > command.most_words)
    return base::fail(
        base::Errc::Invalid,
        fmt::format("{}: one word too many", args.words[command.most_words]),
        fmt::format("usage: {}", usage_line(command)));
  return {};
}

// A configuration among the targets means its apps. To restart them is to
// start what the file says by now, which is that command's own to do.
base::Status name_files(Invocation& invocation) {
  const auto& command = invocation.command;
  if (command.arguments.find("target") == std::string_view::npos ||
      command.name == "restart")
    return {};
  auto& words = invocation.args.words;
  const bool has_pattern = command.arguments.starts_with("<pattern>");
  const auto first = words.begin() + (has_pattern && !words.empty() ? 1 : 0);
  auto named = with_file_targets(invocation, {first, words.end()});
  if (!named) return base::fail(std::move(named.error()));
  words.erase(first, words.end());
  words.insert(words.end(), named->begin(), named->end());
  return {};
}

// To these, 1 means that nothing matched.
bool only_reads(const Invocation& invocation) {
  const auto name = invocation.command.name;
  if (name == "archive") return invocation.args.words.front() != "prune";
  return name == "logs" || name == "tail" || name == "grep" ||
         name == "events" || name == "doctor";
}

// What follows "--" is the app's.
bool asks_for_json(std::span<const std::string> argv) {
  const auto end = std::ranges::find(argv, "--");
  return std::find(argv.begin(), end, "--json") != end;
}

// `unwritten` is how it ends when its answer could not be written.
int run_command(const Command& command, std::span<const std::string> argv,
                std::string line, Foreground foreground, int& unwritten) {
  const bool json = asks_for_json(argv);
  auto args = parse_args(command, argv);
  if (!args) return report(command.name, json, args.error(), kUsage);
  if (args->has("help")) {
    const auto text = std::ranges::find(argv, "--help") != argv.end()
                          ? command_help(command)
                          : short_help(command);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kDone;
  }
  if (!command.passes_rest) {
    args->words.insert(args->words.end(), args->rest.begin(), args->rest.end());
    args->rest.clear();
  }
  if (auto good = check_words(command, *args); !good)
    return report(command.name, json, good.error(), kUsage);
  auto home = base::Home::locate(args->value("home").value_or(""));
  if (!home) return report(command.name, json, home.error(), kFailed);
  const bool silent = args->has("silent");
  const bool color = !args->has("no-color") && terminal_has_colors();
  Invocation invocation{.command = command,
                        .args = std::move(*args),
                        .home = std::move(*home),
                        .line = std::move(line),
                        .json = json,
                        .silent = silent,
                        .color = color,
                        .foreground = foreground};
  if (auto known = name_files(invocation); !known)
    return report(invocation, known.error(), kUsage);
  if (only_reads(invocation)) unwritten = kUsage;
  return command.run(invocation);
}

int run_words(std::span<const std::string> words, Foreground foreground,
              int& unwritten) {
  const Front front = front_flags(words);
  const auto rest = words.subspan(front.size);
  if (rest.empty() && !words.empty() && words.back() == "--home")
    return report("", asks_for_json(words),
                  {base::Errc::Invalid, 0, "--home: DIR is missing",
                   "lodge --home DIR list"},
                  kUsage);
  if (rest.empty()) {
    const auto text = overview();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kDone;
  }
  std::string word = rest.front();
  if (word == "-h" || word == "--help") word = "help";
  const Command* command = find_command(word);
  if (command == nullptr)
    return report("", asks_for_json(words), unknown_command(word), kUsage);
  std::vector<std::string> argv = front.flags;
  argv.insert(argv.end(), rest.begin() + 1, rest.end());
  return run_command(*command, argv, typed_line(words), foreground, unwritten);
}

}  // namespace

int run(int argc, char** argv, Foreground foreground) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  int unwritten = kFailed;
  const int exit = run_words(words, foreground, unwritten);
  // A full disk behind `lodge logs > file` must not look like success.
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
  base::eprint("lodge: stdout: {}\n", ::strerror(errno));
  return exit == kDone ? unwritten : exit;
}

}  // namespace cli
