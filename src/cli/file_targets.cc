#include "cli/file_targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fs.h"
#include "cli/commands.h"
#include "cli/declared_apps.h"
#include "config/app_spec.h"
#include "store/catalog.h"

namespace cli {
namespace {

// Names of the file's apps; one without a name has that of its script.
base::Result<std::vector<std::string>> names_in(const std::string& word,
                                                const Args& args,
                                                const std::string& caller_dir) {
  auto file = config::read_config_file(word, {.caller_dir = caller_dir});
  if (!file) return base::fail(std::move(file.error()));
  auto apps = config::read_file_apps(*file, file_choice(args));
  if (!apps) return base::fail(std::move(apps.error()));
  std::vector<std::string> names;
  for (const auto& app : apps->apps)
    names.push_back(!app.name.empty()
                        ? app.name
                        : default_name({.path = app.script,
                                        .shell = is_command_line(app.script),
                                        .interpreter = {}}));
  return names;
}

}  // namespace

bool is_config_target(std::string_view word, const std::string& caller_dir) {
  return word != "-" && config::is_config_name(word) &&
         names_file(word, caller_dir);
}

base::Result<std::string> dir_of_targets(
    const std::vector<std::string>& words) {
  // Apps by name can be asked for from anywhere.
  const bool needed = std::ranges::any_of(words, [](const auto& word) {
    return config::is_config_name(word) && !word.starts_with('/');
  });
  return needed ? base::fs::current_dir() : base::Result<std::string>("/");
}

base::Result<std::vector<std::string>> with_file_targets(
    const Invocation& invocation, const std::vector<std::string>& words) {
  auto caller_dir = dir_of_targets(words);
  if (!caller_dir) return base::fail(std::move(caller_dir.error()));
  std::vector<std::string> all;
  for (const auto& word : words) {
    if (!is_config_target(word, *caller_dir)) {
      all.push_back(word);
      continue;
    }
    auto names = names_in(word, invocation.args, *caller_dir);
    if (!names) return base::fail(std::move(names.error()));
    auto catalog = store::load_catalog(invocation.home.logs());
    if (!catalog) return base::fail(std::move(catalog.error()));
    // The logs of what was deleted can still be read.
    const bool reads = invocation.command.group == Group::Logs;
    const size_t before = all.size();
    for (const auto& name : *names)
      if (const auto* app = catalog->find(name);
          app != nullptr && (reads || !app->deleted))
        all.push_back("app:" + name);
    if (all.size() == before)
      return base::fail(base::Errc::NotFound,
                        fmt::format("{}: none of its apps is known", word),
                        "start them: lodge start " + word);
  }
  return all;
}

}  // namespace cli
