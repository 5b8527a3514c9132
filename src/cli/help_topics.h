#pragma once
// Pages of `lodge help` that are about a situation, not a command.

#include <span>
#include <string_view>

namespace cli {

struct HelpTopic {
  std::string_view name;  // "incident"
  std::string_view summary;
  std::string_view text;
};

std::span<const HelpTopic> help_topics();
// nullptr when there is none of that name.
const HelpTopic* find_topic(std::string_view name);

}  // namespace cli
