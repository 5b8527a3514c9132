#pragma once
// What a notifier leaves to its successor: up to when it has seen everything,
// and when each rule last fired about each app. A small file in run/. Blocking.

#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace notify {

struct Ledger {
  base::Timestamp seen;
  std::map<std::string, base::Timestamp> fired;  // by "rule\napp"

  static std::string key(std::string_view rule, std::string_view app) {
    return std::string(rule) + "\n" + std::string(app);
  }
};

// One that is missing or damaged is empty.
Ledger load_ledger(const std::string& path);
base::Status save_ledger(const std::string& path, const Ledger& ledger);

}  // namespace notify
