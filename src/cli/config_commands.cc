#include "cli/config_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/eprint.h"
#include "base/fs.h"
#include "cli/commands.h"
#include "cli/declared_apps.h"
#include "cli/report.h"
#include "cli/text_cells.h"
#include "config/app_spec.h"
#include "config/dependencies.h"

namespace cli {
namespace {

constexpr std::string_view kJsonTemplate =
    R"(// What lodge keeps running: lodge start
// Every setting: docs/config.md; is it right: lodge validate lodge.config.json
{
  "apps": [
    {
      "name": "app",
      "script": "app.js", // or "npm start", "server.py", a program on PATH
      // "args": ["--port", "3000"],
      // "instances": 2, // "max": one a CPU
      // "cwd": "/srv/app", // default: where this file is

      "env": {
        // "PORT": 3000
      },
      // lodge start --env production lays these over env
      "env_production": {
        "NODE_ENV": "production"
      },
      // "env_file": ".env",

      // "kill_timeout": "10s",
      // "max_restarts": 16,

      "log": {
        // "max_size": "64M",
        // "rotate": "daily",
        // "retain": {"count": 30, "age": "14d"}
      }
    }
  ]
}
)";

constexpr std::string_view kJsTemplate =
    R"(// What lodge keeps running: lodge start
// Every setting: docs/config.md; is it right: lodge validate ecosystem.config.js
module.exports = {
  apps: [
    {
      name: 'app',
      script: 'app.js', // or 'npm start', 'server.py', a program on PATH
      // args: ['--port', '3000'],
      // instances: 2, // 'max': one a CPU

      env: {
        // PORT: 3000
      },
      // lodge start --env production lays these over env
      env_production: {
        NODE_ENV: 'production'
      },
      // env_file: '.env',

      log: {
        // max_size: '64M',
        // retain: { count: 30, age: '14d' }
      }
    }
  ]
};
)";

// What `start` would say of who waits for whom. What is not in the file may be
// an app that runs already.
base::Status check_order(const std::string& word, DeclaredApps& declared) {
  std::vector<config::AppSpec> specs;
  for (const auto& definition : declared.definitions) {
    auto spec = config::parse_spec(definition);
    if (!spec) return base::fail(std::move(spec.error()));
    specs.push_back(std::move(*spec));
  }
  const std::set<std::string> names(declared.names.begin(),
                                    declared.names.end());
  config::Specs all;
  for (auto& spec : specs) {
    std::erase_if(spec.depends_on, [&](const auto& needed) {
      if (names.contains(needed.first)) return false;
      declared.warnings.push_back(
          fmt::format("{}: {}: depends_on: {}: not in it; start needs to know "
                      "that app already",
                      word, spec.name, needed.first));
      return true;
    });
    all.push_back(&spec);
  }
  if (auto good = config::check_dependencies(all, names); !good)
    return base::pass(std::move(good), word);
  return {};
}

}  // namespace

int run_validate(const Invocation& invocation) {
  auto caller_dir = base::fs::current_dir();
  if (!caller_dir) return report(invocation, caller_dir.error(), kFailed);
  auto words = invocation.args.words;
  if (words.empty()) {
    auto usual = config::find_config_file(*caller_dir);
    if (!usual) return report(invocation, usual.error(), kUsage);
    words.push_back(std::move(*usual));
  }
  StartSettings nothing;
  nothing.cwd = *caller_dir;
  for (const auto& word : words) {
    DeclaredApps declared;
    if (auto good =
            declare_apps(word, invocation.args, nothing, *caller_dir, declared);
        !good)
      return report(invocation, good.error(), kUsage);
    if (auto good = check_order(word, declared); !good)
      return report(invocation, good.error(), kUsage);
    for (const auto& definition : declared.definitions)
      std::ranges::move(missing_places(definition),
                        std::back_inserter(declared.warnings));
    for (const auto& warning : declared.warnings)
      base::eprint("lodge: validate: {}\n", printable(warning));
    if (invocation.json) {
      nlohmann::ordered_json json;
      json["v"] = 1;
      json["file"] = word;
      json["apps"] = declared.names;
      json["warnings"] = declared.warnings;
      say(invocation,
          json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
              "\n");
      continue;
    }
    const auto count = declared.names.size();
    say(invocation,
        fmt::format("{}: good: {} app{}: {}\n", printable(word), count,
                    count == 1 ? "" : "s", fmt::join(declared.names, ", ")));
  }
  return kDone;
}

int run_init(const Invocation& invocation) {
  auto caller_dir = base::fs::current_dir();
  if (!caller_dir) return report(invocation, caller_dir.error(), kFailed);
  const bool js = invocation.args.has("js");
  const std::string name = js ? "ecosystem.config.js" : "lodge.config.json";
  const auto path = base::fs::join(*caller_dir, name);
  auto made = base::fs::create_file(path, js ? kJsTemplate : kJsonTemplate);
  if (!made && made.error().code == base::Errc::Exists)
    return report(invocation,
                  {base::Errc::Exists, 0, name + ": it is there already",
                   "move it away for a new one"},
                  kFailed);
  if (!made) return report(invocation, made.error(), kFailed);
  // Configuration is for everyone who works here, as other sources are.
  (void)base::fs::set_mode(path, 0644);
  say(invocation, fmt::format("{}: written; next: edit it, then lodge "
                              "start\n",
                              name));
  return kDone;
}

}  // namespace cli
