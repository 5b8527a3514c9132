#include "cli/declared_apps.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/target.h"
#include "cli/script.h"
#include "config/app_spec.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

Status check_cwd(const config::ConfigFile& file, const config::FileApp& app) {
  const auto info = fs::stat(app.cwd);
  if (info && S_ISDIR(info->st_mode)) return {};
  return config::blame(
      file, app, "cwd",
      fmt::format("cwd: {}: {}", app.cwd,
                  info ? "not a directory" : "no such directory"));
}

Result<Script> script_of(const config::ConfigFile& file,
                         const config::FileApp& app,
                         const StartSettings& settings,
                         const std::string& caller_dir) {
  auto script = find_script(
      app.script, {.cwd = app.cwd,
                   .caller_dir = app.cwd,
                   .path = program_path(),
                   .interpreter_given =
                       app.has_interpreter || !settings.interpreter.empty()});
  if (script) return script;
  auto error = std::move(script.error());
  // It is only there from where the command is: the file has to say so.
  if (error.code == Errc::NotFound && app.cwd != caller_dir &&
      names_file(app.script, caller_dir))
    error.hint =
        fmt::format("it is in {}: set \"cwd\": \"{}\"", caller_dir, caller_dir);
  return config::blame(file, app, "script", "script: " + error.message,
                       std::move(error.hint));
}

Status declare(const config::ConfigFile& file, config::FileApp app,
               const Args& args, const StartSettings& settings,
               const std::string& caller_dir, DeclaredApps& into) {
  if (args.has("cwd")) app.cwd = settings.cwd;
  if (!settings.script.empty()) app.script = settings.script;
  if (auto good = check_cwd(file, app); !good) return good;
  auto script = script_of(file, app, settings, caller_dir);
  if (!script) return base::fail(std::move(script.error()));
  Json json = Json::parse(app.settings);
  if (!settings.name.empty()) app.name = app.name_in_file = settings.name;
  json["name_given"] = !app.name.empty();
  if (app.name.empty()) app.name = app.name_in_file = default_name(*script);
  json["name"] = app.name;
  json["cwd"] = app.cwd;
  json["config_file"] = file.path.empty() ? "-" : file.path;
  name_script(json, *script);
  if (auto applied = apply_flags(json, settings); !applied) return applied;
  std::string definition =
      json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto spec = config::parse_spec(definition);
  if (!spec) {
    const auto& why = spec.error().message;
    return config::blame(file, app, why.substr(0, why.find(':')), why,
                         spec.error().hint);
  }
  if (std::ranges::count(into.names, spec->name) > 0)
    return config::blame(file, app, "name",
                         fmt::format("name: a second {}", spec->name),
                         "each app needs a name of its own");
  if (app.name != app.name_in_file)
    into.renamed.emplace_back(app.name_in_file, app.name);
  if (spec->exec_mode == "cluster" && spec->instances > 1)
    into.warnings.push_back(
        fmt::format("{}: {}: exec_mode cluster: its instances are processes "
                    "of their own and share no port",
                    file.document.name(), spec->name));
  into.names.push_back(spec->name);
  into.definitions.push_back(std::move(definition));
  return {};
}

}  // namespace

config::FileChoice file_choice(const Args& args) {
  config::FileChoice choice{.env = args.value("env").value_or(""), .only = {}};
  for (const auto& text : args.values("only"))
    for (size_t begin = 0; begin <= text.size();) {
      const auto end = std::min(text.find(',', begin), text.size());
      auto word = text.substr(begin, end - begin);
      std::erase(word, ' ');
      if (!word.empty()) choice.only.push_back(std::move(word));
      begin = end + 1;
    }
  return choice;
}

Status declare_apps(const std::string& word, const Args& args,
                    const StartSettings& settings,
                    const std::string& caller_dir, DeclaredApps& into) {
  auto file = config::read_config_file(word, {.caller_dir = caller_dir});
  if (!file) return base::fail(std::move(file.error()));
  auto apps = config::read_file_apps(*file, file_choice(args));
  if (!apps) return base::fail(std::move(apps.error()));
  if (!settings.name.empty() && apps->apps.size() > 1)
    return base::fail(
        Errc::Invalid,
        fmt::format("--name: {} has {} apps", word, apps->apps.size()),
        "say which: --only NAME");
  for (auto& app : apps->apps)
    if (auto declared =
            declare(*file, std::move(app), args, settings, caller_dir, into);
        !declared)
      return declared;
  if (!file->path.empty()) into.files.push_back(file->path);
  std::ranges::move(apps->names, std::back_inserter(into.all_names));
  into.all_names.insert(into.all_names.end(), into.names.begin(),
                        into.names.end());
  std::ranges::move(apps->warnings, std::back_inserter(into.warnings));
  return {};
}

}  // namespace cli
