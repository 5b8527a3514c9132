#pragma once
// A rule of `notify`: what is to happen for whom to hear of it, and how he is
// told. Plain data, part of AppSpec; the rules of all apps are a daemon-wide
// setting of the same form. Pure.

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace config {

struct NotifyRule {
  // At least `count` times within `window`.
  struct Over {
    int count = 1;
    std::chrono::milliseconds window{60'000};
    bool operator==(const Over&) const = default;
  };
  static constexpr std::chrono::milliseconds kQuiet{600'000};

  std::string name;   // unique among its app's; derived when not given
  std::string on;     // one of notify_occasions()
  std::string match;  // RE2 over the app's lines; of on "match" alone
  Over over;
  // One of the two: a command line or a program with arguments; a URL.
  std::vector<std::string> exec;
  bool shell = false;  // exec[0] is a command line
  std::string webhook;
  // After it fired, it says nothing for so long.
  std::chrono::milliseconds quiet = kQuiet;

  bool operator==(const NotifyRule&) const = default;
};

// "errored", "oom", ...: what a rule can be on.
const std::vector<std::string>& notify_occasions();

// An array of objects, or one. Errc::Invalid names the rule and what is wrong.
base::Result<std::vector<NotifyRule>> read_notify(const nlohmann::json& value);
base::Result<std::vector<NotifyRule>> parse_notify(std::string_view json);
nlohmann::ordered_json write_notify(const std::vector<NotifyRule>& rules);
// A webhook's scheme and host: its path may be a secret.
std::string masked_webhook(std::string_view url);

// "match /timeout/ over 5/1m": what it is on, in a few words.
std::string describe_rule(const NotifyRule& rule);

}  // namespace config
