#pragma once
// Every command of `lodge`: one row each, with all that help, usage, the man
// page and completions have to say of it, and the function that carries it out.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/home.h"
#include "base/result.h"
#include "cli/args.h"

namespace cli {

struct Flag {
  std::string_view name;   // long, without dashes
  char letter = 0;         // 0 = none
  std::string_view value;  // what it takes ("N", "DIR"); empty = nothing
  std::string_view help;
  bool may_be_empty = false;  // its value; may be left out, too
  // Heading in help, of this and those that follow; empty: the one before.
  std::string_view section = {};
};

struct Example {
  std::string_view line;
  std::string_view what;
};

enum class Group { Run, Look, Logs, Daemon };
inline constexpr Group kGroups[] = {Group::Run, Group::Look, Group::Logs,
                                    Group::Daemon};
std::string_view group_title(Group group);

// Apps that run in the foreground, and how: see daemon/foreground.h, which this
// folder can't know. Returns the exit code.
struct ForegroundApps {
  std::vector<std::string> definitions;
  std::vector<std::pair<std::string, std::string>> environment;  // inherited
  bool prefix = false;
  std::optional<base::Home> files;  // whose logs are written, too
  bool color = false;
  bool silent = false;
};
using Foreground = int (*)(const ForegroundApps&);

// One command line, understood; what every command gets.
struct Invocation {
  const struct Command& command;
  Args args;
  base::Home home;
  std::string line;  // "lodge restart api", for events
  bool json = false;
  bool silent = false;
  bool color = false;  // of stdout
  Foreground foreground = nullptr;
};

struct Command {
  std::string_view name;
  std::span<const std::string_view> aliases;
  Group group;
  std::string_view arguments;  // "<target…>"
  size_t least_words = 0;
  size_t most_words = static_cast<size_t>(-1);
  std::string_view summary;  // one line
  std::string_view details;  // paragraphs for --help; may be empty
  std::span<const Flag> flags;
  bool json = false;         // prints data: takes --json
  bool passes_rest = false;  // what follows "--" is the app's
  std::span<const Example> examples;
  // Exit code. Usage errors among the values are its own to find.
  int (*run)(const Invocation&);
};

std::span<const Command> commands();
// By name or alias; nullptr when there is none.
const Command* find_command(std::string_view word);

// "lits: no such command", with the nearest as a hint.
base::Error unknown_command(std::string_view word);

// Flags of every command, after its own.
std::span<const Flag> common_flags(const Command& command);

template <class Visit>
void for_each_flag(const Command& command, Visit visit) {
  for (const auto& flag : command.flags) visit(flag);
  for (const auto& flag : common_flags(command)) visit(flag);
}

}  // namespace cli
