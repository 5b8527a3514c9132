#include "cli/args.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/target.h"
#include "cli/commands.h"
#include "cli/pm2_words.h"

namespace cli {
namespace {

std::unexpected<base::Error> unknown_flag(const Command& command,
                                          std::string_view word) {
  const std::string flag(word.substr(0, word.find('=')));
  if (const auto instead = instead_of_pm2s_flag(command.name, flag);
      !instead.empty())
    return base::fail(
        base::Errc::Invalid,
        fmt::format("{}: PM2's, not a flag of lodge {}", flag, command.name),
        std::string(instead));
  std::vector<std::string> known;
  for_each_flag(command, [&](const Flag& row) {
    known.push_back("--" + std::string(row.name));
    if (row.letter != 0) known.push_back({'-', row.letter});
  });
  const auto nearest = base::nearest_word(flag, known);
  std::string hint = nearest.empty() || nearest.size() <= 2
                         ? fmt::format("lodge {} --help", command.name)
                         : fmt::format("did you mean {}?", nearest);
  return base::fail(base::Errc::Invalid, fmt::format("{}: no such flag", flag),
                    std::move(hint));
}

// The library's own words begin with the flag; ours say what it takes.
std::unexpected<base::Error> bad_value(const Command& command,
                                       std::string_view words) {
  std::string message(words);
  const auto first = words.substr(0, words.find_first_of(": "));
  for_each_flag(command, [&](const Flag& row) {
    const auto name = fmt::format("--{}", row.name);
    if (first != name && first != row.name) return;
    message = row.value.empty()
                  ? fmt::format("{}: takes no value", name)
                  : fmt::format("{}: {} is missing", name, row.value);
  });
  return base::fail(base::Errc::Invalid, std::move(message),
                    fmt::format("lodge {} --help", command.name));
}

// A flag whose value may be left out has the word behind it only where that is
// a format of times; else it would take a target away.
void part_optional_values(const Command& command,
                          std::vector<std::string>& words) {
  for_each_flag(command, [&](const Flag& flag) {
    // Paths could be anything: they only follow "=", and true is all of them.
    const bool paths = flag.value == "PATHS";
    if (!flag.may_be_empty || (flag.value != "FORMAT" && !paths)) return;
    const auto name = fmt::format("--{}", flag.name);
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != name) continue;
      const bool follows = !paths && i + 1 < words.size() &&
                           (words[i + 1].find('%') != std::string::npos ||
                            words[i + 1].find("YY") != std::string::npos ||
                            words[i + 1].find("HH") != std::string::npos ||
                            words[i + 1].find("mm") != std::string::npos);
      const auto next = words.begin() + static_cast<std::ptrdiff_t>(i) + 1;
      if (paths) {
        words[i] += "=true";
      } else if (follows) {
        words[i] += "=" + *next;
        words.erase(next);
      } else {
        words.emplace(next);
      }
    }
  });
}

// `--since=`: the library would take the word behind it for the value.
void part_empty_values(const Command& command,
                       std::vector<std::string>& words) {
  for_each_flag(command, [&](const Flag& flag) {
    if (flag.value.empty()) return;
    const auto name = fmt::format("--{}=", flag.name);
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != name) continue;
      words[i].pop_back();
      words.emplace(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  });
}

// `-e --`: the value of a flag that needs one may be anything.
void join_dashes(const Command& command, std::vector<std::string>& words) {
  for (size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
    if (words[i + 1] != "--") continue;
    for_each_flag(command, [&](const Flag& flag) {
      const auto name = fmt::format("--{}", flag.name);
      const bool is_it = words[i] == name ||
                         (flag.letter != 0 && words[i].size() == 2 &&
                          words[i][0] == '-' && words[i][1] == flag.letter);
      if (!is_it || flag.value.empty() || flag.may_be_empty) return;
      words[i] = name + "=--";
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    });
  }
}

// `scale api -1` has a number.
bool looks_like_flag(std::string_view word) {
  return word.size() > 1 && word.front() == '-' &&
         word.find_first_not_of("0123456789", 1) != word.npos;
}

CLI::Option* add_flag(CLI::App& app, const Flag& flag) {
  std::string names = "--" + std::string(flag.name);
  if (flag.letter != 0) names += fmt::format(",-{}", flag.letter);
  if (flag.value.empty()) return app.add_flag(names)->disable_flag_override();
  return app.add_option(names)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

// An empty value is a variable of a script that was not set: no default is
// meant by it.
base::Status check_values(const Command& command, const Args& args) {
  base::Status status;
  for_each_flag(command, [&](const Flag& flag) {
    // But the empty pattern, which is in every line.
    if (flag.value.empty() || flag.may_be_empty || flag.name == "regexp")
      return;
    for (const auto& value : args.values(flag.name))
      if (status && value.empty())
        status = base::fail(
            base::Errc::Invalid,
            fmt::format("--{}: {} is missing", flag.name, flag.value),
            fmt::format("lodge {} --help", command.name));
  });
  return status;
}

}  // namespace

bool Args::has(std::string_view flag) const {
  return flags_.find(flag) != flags_.end();
}

std::optional<std::string> Args::value(std::string_view flag) const {
  const auto found = flags_.find(flag);
  if (found == flags_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Args::values(std::string_view flag) const {
  const auto found = flags_.find(flag);
  if (found == flags_.end()) return {};
  return found->second;
}

base::Result<Args> parse_args(const Command& command,
                              std::span<const std::string> argv) {
  Args args;
  std::vector<std::string> own(argv.begin(), argv.end());
  join_dashes(command, own);
  const auto dashes = std::ranges::find(own, "--");
  if (dashes != own.end()) args.rest.assign(dashes + 1, own.end());
  own.erase(dashes, own.end());

  part_optional_values(command, own);
  part_empty_values(command, own);
  CLI::App app;
  app.set_help_flag();  // ours is a flag like any other
  app.allow_extras();
  std::vector<std::pair<std::string, CLI::Option*>> added;
  for_each_flag(command, [&](const Flag& flag) {
    added.emplace_back(flag.name, add_flag(app, flag));
  });
  try {
    std::ranges::reverse(own);  // as this entry of the library wants it
    app.parse(own);
  } catch (const CLI::ArgumentMismatch& error) {
    return bad_value(command, error.what());
  } catch (const CLI::ParseError& error) {
    return base::fail(base::Errc::Invalid, error.what(),
                      fmt::format("lodge {} --help", command.name));
  }
  for (auto& word : app.remaining()) {
    if (looks_like_flag(word)) return unknown_flag(command, word);
    args.words.push_back(std::move(word));
  }
  for (const auto& [name, option] : added)
    if (option->count() > 0) args.flags_[name] = option->results();
  if (auto full = check_values(command, args); !full)
    return base::fail(std::move(full.error()));
  return args;
}

}  // namespace cli
