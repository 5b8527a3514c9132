#include "cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/eprint.h"
#include "base/fs.h"
#include "cli/declared_apps.h"
#include "cli/definition.h"
#include "cli/file_targets.h"
#include "cli/report.h"
#include "cli/script.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

// seq, seq-2, seq-3
std::string unused(const std::string& name,
                   const std::vector<std::string>& taken) {
  std::string free = name;
  for (int n = 2; std::ranges::count(taken, free) > 0; ++n)
    free = name + "-" + std::to_string(n);
  return free;
}

base::Result<std::vector<std::string>> define(const Args& args) {
  auto here = base::fs::current_dir();
  if (!here) return base::fail(std::move(here.error()));
  auto settings = read_settings(args, *here);
  if (!settings) return base::fail(std::move(settings.error()));
  if (!settings->name.empty() && args.words.size() > 1)
    return base::fail(base::Errc::Invalid, "--name: one name for several apps",
                      "arguments of the app go after --");
  const ScriptSearch search{
      .cwd = settings->cwd,
      .caller_dir = *here,
      .path = program_path(),
      .interpreter_given = !settings->interpreter.empty()};
  for (const auto& warning : settings->warnings)
    base::eprint("lodge: run: {}\n", printable(warning));
  std::vector<std::string> definitions;
  std::vector<std::string> names;
  for (const auto& word : args.words) {
    if (word == "-" || is_config_target(word, *here)) {
      DeclaredApps declared;
      if (auto read = declare_apps(word, args, *settings, *here, declared);
          !read)
        return base::fail(std::move(read.error()));
      for (const auto& warning : declared.warnings)
        base::eprint("lodge: run: {}\n", printable(warning));
      std::ranges::move(declared.definitions, std::back_inserter(definitions));
      names.insert(names.end(), declared.names.begin(), declared.names.end());
      continue;
    }
    auto script = find_script(word, search);
    if (!script) return base::fail(std::move(script.error()));
    // Two that would have the same name are told apart.
    auto named = *settings;
    if (named.name.empty()) named.name = unused(default_name(*script), names);
    names.push_back(named.name);
    auto definition = make_definition(named, *script);
    if (!definition) return base::fail(std::move(definition.error()));
    definitions.push_back(std::move(*definition));
  }
  return definitions;
}

}  // namespace

int run_in_foreground(const Invocation& invocation) {
  auto definitions = define(invocation.args);
  if (!definitions)
    return report(
        invocation, definitions.error(),
        definitions.error().code == base::Errc::Invalid ? kUsage : kFailed);
  std::optional<base::Home> files;
  if (invocation.args.has("files")) files = invocation.home;
  return invocation.foreground({.definitions = std::move(*definitions),
                                .environment = app_environment(environ),
                                .prefix = invocation.args.has("prefix"),
                                .files = files,
                                .color = invocation.color,
                                .silent = invocation.silent});
}

}  // namespace cli
