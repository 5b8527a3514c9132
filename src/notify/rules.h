#pragma once
// The rules there are: those of each app, from the app list, and those of all
// apps, from the settings. Read from the home's files: whoever asks needs no
// daemon.

#include <map>
#include <string>
#include <vector>

#include "base/home.h"
#include "config/notify_rule.h"

namespace notify {

struct Rule {
  std::string name;  // "api:errored"; of all apps: "errored"
  std::string app;   // empty: all
  config::NotifyRule what;
  // Of an app's own: how it is run, as the app itself.
  std::map<std::string, std::string> env;
  std::string cwd;
  std::string uid, gid;

  bool covers(std::string_view of) const { return app.empty() || app == of; }
  bool operator==(const Rule&) const = default;
};

base::Result<std::vector<Rule>> load_rules(const base::Home& home);

}  // namespace notify
