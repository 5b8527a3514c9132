#include "cli/archive_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace cli {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kList[] = {"exclude", "from", "utc"};
constexpr std::string_view kVerify[] = {"exclude", "from"};
constexpr std::string_view kRetention[] = {"exclude", "utc"};
constexpr std::string_view kPrune[] = {"older",   "to",      "free",
                                       "dry-run", "exclude", "utc"};
// Of prune's, those that nobody else has.
constexpr size_t kPrunesOwn = 4;

bool has(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool takes(std::string_view verb, std::string_view flag) {
  if (verb == "export") return !has(Names(kPrune).first(kPrunesOwn), flag);
  if (verb == "prune") return has(kPrune, flag);
  if (verb == "retention") return has(kRetention, flag);
  return has(verb == "verify" ? Names(kVerify) : Names(kList), flag);
}

std::string takers(std::string_view flag) {
  std::string names;
  for (const std::string_view verb :
       {"ls", "verify", "export", "prune", "retention"})
    if (takes(verb, flag))
      names += (names.empty() ? "archive " : ", ") + std::string(verb);
  return names;
}

}  // namespace

base::Status check_archive_flags(std::string_view verb, const Command& command,
                                 const Args& args) {
  for (const auto& flag : command.flags)
    if (args.has(flag.name) && !takes(verb, flag.name))
      return base::fail(
          base::Errc::Invalid,
          fmt::format("{}: it has no --{}", verb, flag.name),
          fmt::format("--{} is of {}", flag.name, takers(flag.name)));
  return {};
}

}  // namespace cli
