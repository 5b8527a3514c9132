#include "config/settings_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "config/key_facts.h"
#include "config/keys.h"
#include "config/pm2_keys.h"

namespace config {
namespace {

constexpr std::string_view kHead = R"(# Configuration

<!-- Made from the table of keys by `lodge help --settings`; don't edit. -->

`lodge start` reads `lodge.config.json` (comments and trailing commas are fine), `lodge.config.yaml` or PM2's `ecosystem.config.{js,cjs,mjs}` (run by node, that of `LODGE_NODE` or else on PATH, for at most 5 s); any file that is named with such an ending; `-`, JSON or YAML on stdin. `lodge init` writes one to begin with, `lodge validate` checks one.

```json
{
  "apps": [
    {"name": "api", "script": "api.js", "instances": 2,
     "env": {"PORT": 3000}, "env_production": {"PORT": 80},
     "log": {"max_size": "64M", "retain": {"age": "14d"}}},
    {"name": "worker", "script": "worker.py", "kill_timeout": "30s"}
  ]
}
```

A list of apps alone, or one app alone, will do; `deploy` and `static` are passed over. A key with dots lies in an object: `log.max_size` is `"log": {"max_size": ...}`. Sizes are written `10M`, `10MB`, `10MiB`, all 10 · 2^20 bytes; times `500` (milliseconds), `500ms`, `2s`, `10m`, `1h`, `7d`. Paths are relative to `cwd`, which is the directory of the file unless it says otherwise.

An unknown key, a value of another kind, a name that comes twice: each is an error with line and place, and nothing is done. A name that is none here is made one: `@scope/worker` is `scope-worker`, and the old name is understood in commands.

A changed file is applied by `lodge start FILE`: *live* changes reach the running app; of the others `lodge start` makes a restart, *reload* meaning that the old process may go on while the new one begins, *restart* that it must end before. What the file leaves out has its default. `--dry-run` says what would be done, `--prune` deletes apps that came from the file and are no longer in it.

The environment of an app, the later over the earlier: that of whoever started it, frozen until `--update-env` (less what `filter_env` and `env_inherit` leave out); the files of `env_file`; `env`; `env_NAME` when `--env NAME` chose it; `port`; what tells instances apart.

)";

std::string_view kind_of(const Fact& fact) {
  switch (fact.kind) {
    case Kind::Text:
      return "text";
    case Kind::Flag:
      return "true or false";
    case Kind::Whole:
      return "number";
    case Kind::Count:
      return "number, `max`";
    case Kind::Time:
      return "time";
    case Kind::Size:
      return "size";
    case Kind::Words:
      return "list, or words";
    case Kind::List:
      return "list, or text";
    case Kind::Codes:
      return "list of numbers";
    case Kind::Env:
    case Kind::Object:
      return "object";
    case Kind::Any:
      return "number, or text";
  }
  return {};
}

std::string_view applies_of(const Fact& fact) {
  switch (fact.applies) {
    case Applies::Live:
      return "live";
    case Applies::Reload:
      return "reload";
    case Applies::Restart:
      return "restart";
  }
  return {};
}

std::string default_of(const Key& key, const Fact& fact) {
  static const AppSpec defaults;
  const auto value = key.write(defaults);
  if (value.is_null() || value == "" || value.empty()) return "";
  if (fact.kind == Kind::Time && value.is_number())
    return fmt::format(
        "`{}`",
        base::exact_duration(std::chrono::milliseconds(value.get<int64_t>())));
  return fmt::format(
      "`{}`", value.is_string() ? value.get<std::string>() : value.dump());
}

std::string in_code(std::string_view names) {
  std::string text;
  while (!names.empty()) {
    const auto comma = std::min(names.find(", "), names.size());
    text +=
        fmt::format("{}`{}`", text.empty() ? "" : ", ", names.substr(0, comma));
    names.remove_prefix(std::min(names.size(), comma + 2));
  }
  return text;
}

const Key* key_of(std::string_view name) {
  for (const auto& key : keys())
    if (key.name == name) return &key;
  return nullptr;
}

}  // namespace

std::string settings_page() {
  std::string text(kHead);
  text +=
      "## Settings\n\n| key | what | kind | default | change | also |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& fact : facts()) {
    const Key* key = key_of(fact.name);
    if (key == nullptr || fact.what.empty()) continue;
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", fact.name,
                        fact.what, kind_of(fact), default_of(*key, fact),
                        applies_of(fact), in_code(fact.aliases));
  }
  text += "\n## Written in another way\n\n| key | becomes |\n|---|---|\n";
  for (const auto& row : shorthands())
    text += fmt::format("| `{}` | {} |\n", row.name, row.what);
  text +=
      "\n## Accepted without effect\n\nEach is said once on stderr.\n\n"
      "| key | why |\n|---|---|\n";
  for (const auto& row : warned_keys())
    if (key_of(row.name) == nullptr)
      text += fmt::format("| `{}` | {} |\n", row.name, row.why);
  return text;
}

}  // namespace config
