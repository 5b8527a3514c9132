#include "cli/help.h"

#include <fmt/format.h>

#include <array>

#include "base/target.h"
#include "cli/commands.h"
#include "cli/help_topics.h"
#include "cli/report.h"
#include "cli/text_cells.h"
#include "config/settings_page.h"

namespace cli {
namespace {

constexpr size_t kWidth = 79;

constexpr std::array kTasks = {
    Example{"lodge start api.js -i 2", "start an app, here two copies"},
    Example{"lodge list", "what runs, since when, at what cost"},
    Example{"lodge logs api -f", "follow its lines, through restarts"},
    Example{"lodge grep timeout --since 1h", "search all lines there are"},
    Example{"lodge restart api", "stop and start it"},
    Example{"lodge stop api", "stop it; it stays in the list"},
    Example{"lodge delete api", "forget it; its logs stay"},
    Example{"lodge describe api", "state, files, settings"},
    Example{"lodge events api", "starts, exits, restarts"},
    Example{"lodge flush api", "empty its log files"},
};

std::string padded(std::string_view text, size_t width) {
  const size_t have = display_width(text);
  return std::string(text) + std::string(have < width ? width - have : 0, ' ');
}

std::string wrapped(std::string_view text, size_t indent) {
  std::string result;
  std::string line(indent, ' ');
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, end);
    const bool ends_line = end < text.size() && text[end] == '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
    if (display_width(line) + 1 + display_width(word) > kWidth) {
      result += line + "\n";
      line.assign(indent, ' ');
    }
    if (line.size() > indent && !word.empty()) line += ' ';
    line += word;
    if (!ends_line) continue;
    if (line.size() > indent) result += line;
    result += "\n";
    line.assign(indent, ' ');
  }
  return result + line + "\n";
}

// Paths that may be left out: a word behind a blank is something else.
bool only_follows_equals(const Flag& flag) {
  return flag.may_be_empty && flag.value == "PATHS";
}

std::string flag_words(const Flag& flag) {
  std::string words = flag.letter != 0 ? fmt::format("-{}, ", flag.letter)
                                       : std::string("    ");
  words += fmt::format("--{}", flag.name);
  if (only_follows_equals(flag))
    return words + fmt::format("[={}]", flag.value);
  if (!flag.value.empty()) words += fmt::format(" {}", flag.value);
  return words;
}

// Of a longer flag the help begins on the next line.
constexpr size_t kWidestFlag = 27;

std::string flag_rows(std::span<const Flag> flags, size_t width) {
  std::string text;
  for (const auto& flag : flags) {
    const std::string words = flag_words(flag);
    text += "  " + padded(words, width);
    if (display_width(words) > width) text += "\n  " + std::string(width, ' ');
    text += fmt::format("  {}\n", flag.help);
  }
  return text;
}

size_t flag_width(const Command& command) {
  size_t width = 0;
  for_each_flag(command, [&](const Flag& flag) {
    width = std::max(width, display_width(flag_words(flag)));
  });
  return std::min(width, kWidestFlag);
}

std::string names_of(const Command& command) {
  std::string names(command.name);
  for (const auto alias : command.aliases)
    if (!alias.starts_with('-')) names += fmt::format(", {}", alias);
  return names;
}

// Text for roff: a leading dot would be a request, a backslash an escape.
std::string roff(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else
      safe += c;
  }
  if (safe.starts_with('.') || safe.starts_with('\'')) safe.insert(0, "\\&");
  return safe;
}

std::string roff_flags(std::span<const Flag> flags) {
  std::string text;
  for (const auto& flag : flags) {
    text += ".TP\n";
    std::string words =
        fmt::format("\\fB{}\\fR", roff(fmt::format("--{}", flag.name)));
    if (flag.letter != 0)
      words = fmt::format("\\fB\\-{}\\fR, {}", flag.letter, words);
    if (only_follows_equals(flag))
      words += fmt::format("[=\\fI{}\\fR]", flag.value);
    else if (!flag.value.empty())
      words += fmt::format(" \\fI{}\\fR", flag.value);
    text += words + "\n" + roff(flag.help) + "\n";
  }
  return text;
}

std::string roff_command(const Command& command) {
  std::string text =
      fmt::format(".SS lodge {} {}\n{}.\n", command.name,
                  roff(command.arguments), roff(command.summary));
  if (const auto names = names_of(command); names != command.name)
    text += fmt::format(".br\nNames: {}\n", roff(names));
  if (!command.details.empty())
    text += fmt::format(".PP\n{}\n", roff(command.details));
  text += roff_flags(command.flags);
  for (const auto& example : command.examples)
    text += fmt::format(".TP\n\\f(CW{}\\fR\n{}\n", roff(example.line),
                        roff(example.what));
  return text;
}

}  // namespace

std::string usage_line(const Command& command) {
  std::string line = fmt::format("lodge {}", command.name);
  if (!command.arguments.empty()) line += fmt::format(" {}", command.arguments);
  line += " [flags]";
  if (command.passes_rest) line += " [-- args]";
  return line;
}

std::string overview() {
  std::string text = "lodge keeps apps running and their logs at hand.\n\n";
  size_t width = 0;
  for (const auto& task : kTasks) width = std::max(width, task.line.size());
  for (const auto& task : kTasks)
    text += fmt::format("  {}  {}\n", padded(task.line, width), task.what);
  return text + "\nEvery command: lodge help · one of them: lodge help start\n";
}

std::string command_list() {
  std::string text = "lodge <command> [flags]\n";
  size_t width = 0;
  for (const auto& command : commands())
    width = std::max(width, display_width(names_of(command)));
  for (const auto group : kGroups) {
    text += fmt::format("\n{}\n", group_title(group));
    for (const auto& command : commands())
      if (command.group == group)
        text += fmt::format("  {}  {}\n", padded(names_of(command), width),
                            command.summary);
  }
  text += "\nTopics\n";
  for (const auto& topic : help_topics())
    text += fmt::format("  {}  {}\n", padded(topic.name, width), topic.summary);
  return text +
         "\nOne of them: lodge help <command or topic>, or lodge <command> "
         "--help\n";
}

std::string short_help(const Command& command) {
  return fmt::format("usage: {}\n{}", usage_line(command),
                     flag_rows(command.flags, flag_width(command)));
}

std::string command_help(const Command& command) {
  std::string text =
      fmt::format("{}\n\n  {}\n", usage_line(command), command.summary);
  if (const auto names = names_of(command); names != command.name)
    text += fmt::format("  also: {}\n", names.substr(command.name.size() + 2));
  if (!command.details.empty()) text += "\n" + wrapped(command.details, 2);
  const size_t width = flag_width(command);
  if (!command.flags.empty())
    text += "\nFlags\n" + flag_rows(command.flags, width);
  text += "\nCommon flags\n" + flag_rows(common_flags(command), width);
  if (command.examples.empty()) return text;
  text += "\nExamples\n";
  for (const auto& example : command.examples)
    text += fmt::format("  {}\n      {}\n", example.line, example.what);
  return text;
}

std::string manual_page() {
  std::string text =
      ".\\\" Made from the command table by `lodge help --man`; don't edit.\n"
      ".TH LODGE 1\n.SH NAME\nlodge \\- keeps apps running and their logs at "
      "hand\n.SH SYNOPSIS\n.B lodge\n\\fIcommand\\fR [\\fIflags\\fR]\n.SH "
      "DESCRIPTION\nLodge starts programs, restarts them when they die, and "
      "keeps every line they write, stamped, in plain files. The first "
      "\\fBlodge start\\fR or \\fBresurrect\\fR starts a daemon; no other "
      "command does.\n";
  for (const auto group : kGroups) {
    text += fmt::format(".SH {}\n", roff(group_title(group)));
    for (const auto& command : commands())
      if (command.group == group) text += roff_command(command);
  }
  text += ".SH COMMON FLAGS\n" + roff_flags(common_flags(commands().front()));
  return text +
         ".SH EXIT STATUS\n"
         ".TP\n0\nDone, or found.\n"
         ".TP\n1\nWhat was asked for failed; for reading commands: nothing "
         "matched.\n"
         ".TP\n2\nWrong usage or bad input.\n"
         ".TP\n3\nThere is no daemon.\n"
         ".SH ENVIRONMENT\n"
         ".TP\n\\fBLODGE_HOME\\fR\nThe home, when there is no "
         "\\fB\\-\\-home\\fR.\n"
         ".TP\n\\fBLODGE_NODE\\fR\nThe node that reads configurations in "
         "JavaScript, when it is not the one on PATH.\n"
         ".TP\n\\fBNO_COLOR\\fR\nNo colours when it is set and not empty.\n"
         ".SH FILES\n"
         ".TP\n\\fI~/.lodge\\fR\nThe home: everything that Lodge writes.\n"
         ".TP\n\\fI~/.lodge/logs\\fR\nWhat the apps wrote: "
         "\\fIapi\\-out.log\\fR, \\fIapi\\-error.log\\fR, "
         "\\fIapi\\-events.log\\fR.\n"
         ".TP\n\\fI~/.lodge/lodge.log\\fR\nThe daemon's diary.\n"
         ".TP\n\\fI/dev/shm/lodge\\-*.spool\\fR\nLines that were read and are "
         "not yet in their file: they outlive a kill of the daemon.\n";
}

int run_help(const Invocation& invocation) {
  if (invocation.args.has("man")) {
    say(invocation, manual_page());
    return kDone;
  }
  if (invocation.args.has("settings")) {
    say(invocation, config::settings_page());
    return kDone;
  }
  if (invocation.args.words.empty()) {
    say(invocation, command_list());
    return kDone;
  }
  const std::string& word = invocation.args.words.front();
  if (const Command* command = find_command(word); command != nullptr) {
    say(invocation, command_help(*command));
    return kDone;
  }
  if (const auto* topic = find_topic(word); topic != nullptr) {
    say(invocation, std::string(topic->text));
    return kDone;
  }
  return report(invocation, unknown_command(word), kUsage);
}

}  // namespace cli
