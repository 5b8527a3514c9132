#include "cli/completion_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/commands.h"
#include "cli/report.h"

namespace cli {
namespace {

// What the shells ask for the names of apps; nothing without a daemon.
constexpr std::string_view kApps =
    R"sh(lodge list --json 2>/dev/null | grep -o '"app":"[^"]*"' | cut -d'"' -f4 | sort -u)sh";

std::string escaped(std::string_view text, std::string_view what,
                    std::string_view with) {
  std::string result;
  for (const char c : text) {
    if (what.find(c) != what.npos)
      result += with;
    else
      result += c;
  }
  return result;
}

std::vector<Flag> flags_of(const Command& command) {
  std::vector<Flag> flags(command.flags.begin(), command.flags.end());
  const auto common = common_flags(command);
  flags.insert(flags.end(), common.begin(), common.end());
  return flags;
}

std::vector<std::string_view> names_of(const Command& command) {
  std::vector<std::string_view> names = {command.name};
  for (const auto alias : command.aliases)
    if (!alias.starts_with('-')) names.push_back(alias);
  return names;
}

std::string bash() {
  std::string names;
  std::string cases;
  for (const auto& command : commands()) {
    const auto all = names_of(command);
    names += fmt::format(" {}", fmt::join(all, " "));
    std::string flags;
    for (const auto& flag : flags_of(command))
      flags += fmt::format(" --{}", flag.name);
    cases += fmt::format("    {}) flags='{}' ;;\n", fmt::join(all, "|"),
                         flags.substr(1));
  }
  return fmt::format(
      R"sh(# bash completion for lodge: source <(lodge completion bash)
_lodge() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} flags=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W '{}' -- "$cur"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "all $({})" -- "$cur") $(compgen -f -- "$cur")) ;;
  esac
}}
complete -o filenames -F _lodge lodge
)sh",
      names.substr(1), cases, kApps);
}

std::string zsh() {
  // Within single quotes; a colon ends the name.
  const auto quoted = [](std::string_view name, std::string_view what) {
    return fmt::format("'{}:{}'", name, escaped(what, "'", R"('\'')"));
  };
  std::string names;
  std::string cases;
  for (const auto& command : commands()) {
    const auto all = names_of(command);
    for (const auto name : all)
      names += fmt::format("    {}\n", quoted(name, command.summary));
    std::string flags;
    for (const auto& flag : flags_of(command))
      flags += fmt::format("      {}\n",
                           quoted(fmt::format("--{}", flag.name), flag.help));
    cases += fmt::format("    {}) flags=(\n{}      ) ;;\n", fmt::join(all, "|"),
                         flags);
  }
  return fmt::format(R"sh(#compdef lodge
# zsh completion for lodge: source <(lodge completion zsh)
_lodge() {{
  local -a names flags apps
  names=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  case $words[2] in
{}  esac
  if [[ $PREFIX == -* ]]; then
    _describe flag flags
  else
    apps=(all ${{(f)"$({})"}})
    _describe app apps
    _files
  fi
}}
compdef _lodge lodge
)sh",
                     names, cases, kApps);
}

std::string fish() {
  const auto quoted = [](std::string_view text) {
    return fmt::format("'{}'", escaped(text, "'", R"(\')"));
  };
  std::string script =
      "# fish completion for lodge: lodge completion fish | source\n"
      "function __lodge_apps\n  " +
      std::string(kApps) +
      "\nend\n"
      "complete -c lodge -n 'not __fish_use_subcommand' -a "
      "'all (__lodge_apps)'\n";
  for (const auto& command : commands()) {
    const auto all = names_of(command);
    script += fmt::format(
        "complete -c lodge -n __fish_use_subcommand -f -a '{}' -d {}\n",
        fmt::join(all, " "), quoted(command.summary));
    for (const auto& flag : flags_of(command)) {
      script += fmt::format(
          "complete -c lodge -n '__fish_seen_subcommand_from {}' -l {}",
          fmt::join(all, " "), flag.name);
      if (flag.letter != 0) script += fmt::format(" -s {}", flag.letter);
      if (!flag.value.empty() && !flag.may_be_empty) script += " -r";
      script += fmt::format(" -d {}\n", quoted(flag.help));
    }
  }
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  return {};
}

int run_completion(const Invocation& invocation) {
  const auto& shell = invocation.args.words.front();
  const auto script = completion_script(shell);
  if (script.empty())
    return report(invocation,
                  {base::Errc::Invalid, 0, shell + ": no such shell here",
                   "bash, zsh or fish"},
                  kUsage);
  say(invocation, script);
  return kDone;
}

}  // namespace cli
