#include "config/file_apps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/fs.h"
#include "base/target.h"
#include "config/dotenv.h"
#include "config/key_facts.h"
#include "config/keys.h"
#include "config/pm2_keys.h"
#include "config/setting_reader.h"

namespace config {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;
using ValueKind = Value::Kind;

constexpr std::string_view kVariant = "env_";

// One app as it is being read.
struct Draft {
  FileApp app;
  Json settings = Json::object();
  std::map<std::string, Member, std::less<>> shorthand = {};
  Json variants = Json::object();
};

bool is_section(std::string_view name) {
  return std::ranges::any_of(keys(), [&](const Key& key) {
    return key.name.size() > name.size() && key.name.starts_with(name) &&
           key.name[name.size()] == '.';
  });
}

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

class Reader {
 public:
  Reader(const ConfigFile& file, FileApps& result)
      : file_(file), document_(file.document), result_(result) {}

  Result<Draft> read(const Value& app) {
    Draft draft;
    draft.app.at = app.at;
    if (app.kind != ValueKind::Map)
      return document_.fault(app.at, fmt::format("{} where an app should be",
                                                 kind_name(app.kind)));
    if (auto read = read_members(draft, app, ""); !read)
      return std::unexpected(std::move(read.error()));
    return draft;
  }

  Place place_of(const Member& member) const {
    return member.at.line > 0 ? member.at : document_.find_key(member.key);
  }

 private:
  Status read_members(Draft& draft, const Value& map,
                      const std::string& section) {
    for (const auto& member : map.members)
      if (auto read = read_member(draft, member, section); !read) return read;
    return {};
  }

  Status read_member(Draft& draft, const Member& member,
                     const std::string& section) {
    const auto& value = member.value;
    const std::string written = section + member.key;
    // `log` is a file, as PM2's, or the section of the log settings.
    if (value.kind == ValueKind::Map && is_section(written))
      return read_members(draft, value, written + ".");
    const std::string name(unaliased(written));
    if (const Key* key = find_key(name); key != nullptr && !is_internal(name))
      return read_key_of(draft, member, *key);
    if (is_shorthand(name)) {
      draft.shorthand.emplace(name, member);
      return {};
    }
    if (section.empty() && member.key.starts_with(kVariant))
      return read_variant(draft, member);
    if (const auto* warned = find_warned(name)) {
      warn(*warned);
      return {};
    }
    if (is_section(written))
      return document_.fault(value.at.line > 0 ? value.at : place_of(member),
                             fmt::format("{}: {} where an object should be",
                                         written, kind_name(value.kind)));
    return unknown(member, written);
  }

  Status read_key_of(Draft& draft, const Member& member, const Key& key) {
    const Place at = place_of(member);
    const std::string name(key.name);
    if (const auto [first, is_new] = written_.try_emplace(name, member.key);
        !is_new)
      return document_.fault(at, fmt::format("{}: the same as {}, which is "
                                             "given too",
                                             member.key, first->second));
    Value value = member.value;
    // PM2's way to inherit nothing at all, or everything.
    if (name == "filter_env" && value.kind == ValueKind::Bool) {
      if (value.text == "true") draft.settings["env_inherit"] = "none";
      return {};
    }
    auto json = read_setting(key, value, at, document_);
    if (!json) return std::unexpected(std::move(json.error()));
    if (json->is_null()) return {};  // the default
    const Place value_at = value.at.line > 0 ? value.at : at;
    draft.app.places.emplace_back(name, value_at);
    Json* into = &draft.settings;
    std::string_view left = key.name;
    for (auto dot = left.find('.'); dot != left.npos; dot = left.find('.')) {
      into = &(*into)[std::string(left.substr(0, dot))];
      left.remove_prefix(dot + 1);
    }
    (*into)[std::string(left)] = std::move(*json);
    return {};
  }

  Status read_variant(Draft& draft, const Member& member) {
    const auto name = member.key.substr(kVariant.size());
    if (name.empty()) return unknown(member, member.key);
    auto env =
        read_variables(member.key, member.value, place_of(member), document_);
    if (!env) return std::unexpected(std::move(env.error()));
    draft.variants[name] = std::move(*env);
    return {};
  }

  void warn(const Warned& warned) {
    if (!warned_.insert(warned.name).second) return;
    result_.warnings.push_back(
        fmt::format("{}: {}: {}", document_.name(), warned.name, warned.why));
  }

  std::unexpected<base::Error> unknown(const Member& member,
                                       const std::string& written) const {
    std::vector<std::string> known;
    for (const auto& key : keys())
      if (!is_internal(key.name)) known.emplace_back(key.name);
    for (const auto& fact : facts())
      for (std::string_view names = fact.aliases; !names.empty();) {
        const auto comma = std::min(names.find(", "), names.size());
        known.emplace_back(names.substr(0, comma));
        names.remove_prefix(std::min(names.size(), comma + 2));
      }
    for (const auto& warned : warned_keys()) known.emplace_back(warned.name);
    for (const auto& shorthand : shorthands())
      known.emplace_back(shorthand.name);
    std::string nearest(base::nearest_word(written, known));
    // Not everyone knows in which section a key lies.
    for (const auto& name : known)
      if (nearest.empty() && name.ends_with("." + member.key)) nearest = name;
    return document_.fault(
        place_of(member), fmt::format("{}: no such setting", written),
        nearest.empty() ? "every setting: docs/config.md"
                        : fmt::format("did you mean {}?", nearest));
  }

 public:
  void begin_app() { written_.clear(); }

 private:
  const ConfigFile& file_;
  const Document& document_;
  FileApps& result_;
  std::map<std::string, std::string> written_;  // key -> as it was written
  std::set<std::string_view> warned_;
};

// The apps of the file, whichever of PM2's shapes it has.
Result<std::vector<const Value*>> apps_of(const ConfigFile& file) {
  const Value& root = file.root;
  const Document& document = file.document;
  std::vector<const Value*> apps;
  const auto add = [&](const Value& list) {
    if (list.kind != ValueKind::List) return apps.push_back(&list);
    for (const auto& app : list.items) apps.push_back(&app);
  };
  if (root.kind == ValueKind::List) {
    add(root);
  } else if (root.kind != ValueKind::Map) {
    return document.fault(
        root.at, fmt::format("{} where apps should be", kind_name(root.kind)),
        R"({"apps": [{"script": "api.js"}]})");
  } else if (root.find("apps") != nullptr || root.find("pm2") != nullptr) {
    for (const auto& member : root.members) {
      if (member.key == "apps" || member.key == "pm2") {
        add(member.value);
        continue;
      }
      // PM2's other parts, and what editors like to see.
      if (member.key == "deploy" || member.key == "static" ||
          member.key == "$schema")
        continue;
      const std::vector<std::string> known = {"apps", "deploy", "static"};
      const auto nearest = base::nearest_word(member.key, known);
      return document.fault(
          member.at.line > 0 ? member.at : document.find_key(member.key),
          fmt::format("{}: no such part of a configuration", member.key),
          nearest.empty() ? "settings of an app stand in apps"
                          : fmt::format("did you mean {}?", nearest));
    }
  } else if (root.find("script") != nullptr || root.find("exec") != nullptr) {
    add(root);
  } else {
    return document.fault(root.at, "neither apps nor script",
                          R"({"apps": [{"script": "api.js"}]})");
  }
  if (apps.empty()) return document.fault(root.at, "no apps in it");
  return apps;
}

const std::string* text_of(const Draft& draft, std::string_view name) {
  const auto found = draft.shorthand.find(name);
  if (found == draft.shorthand.end() || !found->second.value.is_scalar() ||
      found->second.value.kind == ValueKind::Null)
    return nullptr;
  return &found->second.value.text;
}

Place place_in(const FileApp& app, std::string_view key) {
  for (const auto& [name, at] : app.places)
    if (name == key) return at;
  return app.at;
}

// Of the name: PM2's additions, and a form that is a name here.
Status settle_name(Draft& draft, const FileChoice& choice,
                   const ConfigFile& file) {
  auto& app = draft.app;
  const auto given = draft.settings.find("name");
  if (given == draft.settings.end()) return {};  // made of the script, later
  app.name_in_file = given->get<std::string>();
  if (const auto* prefix = text_of(draft, "name_prefix"))
    app.name_in_file = *prefix + app.name_in_file;
  if (const auto* append = text_of(draft, "append_env_to_name");
      append != nullptr && *append == "true" && !choice.env.empty())
    app.name_in_file += "-" + choice.env;
  app.name = base::app_name_from(app.name_in_file);
  if (!base::check_app_name(app.name))
    return file.document.fault(
        place_in(app, "name"),
        fmt::format("name: nothing can be made of '{}'", app.name_in_file));
  return {};
}

Status settle_env(Draft& draft, const FileChoice& choice,
                  const ConfigFile& file) {
  auto& settings = draft.settings;
  Json env = Json::object();
  std::vector<std::string> files;
  if (settings.contains("env_file")) {
    const auto& given = settings["env_file"];
    if (given.is_string())
      files.push_back(given.get<std::string>());
    else
      files = given.get<std::vector<std::string>>();
  }
  for (const auto& word : files) {
    auto variables = read_env_file(word, draft.app.cwd);
    if (!variables && variables.error().code == Errc::NotFound)
      return file.document.fault(place_in(draft.app, "env_file"),
                                 "env_file: " + variables.error().message);
    if (!variables) return std::unexpected(std::move(variables.error()));
    for (auto& [name, value] : *variables) env[name] = std::move(value);
  }
  if (settings.contains("env"))
    for (const auto& [name, value] : settings["env"].items()) env[name] = value;
  if (const auto* port = text_of(draft, "port")) env["PORT"] = *port;
  if (!env.empty()) settings["env"] = std::move(env);
  if (!draft.variants.empty()) settings["env_variants"] = draft.variants;
  if (draft.variants.contains(choice.env)) settings["env_variant"] = choice.env;
  return {};
}

Status settle(Draft& draft, const FileChoice& choice, const ConfigFile& file) {
  auto& app = draft.app;
  auto& settings = draft.settings;
  if (const auto* type = text_of(draft, "log_type")) {
    if (*type == "json") settings["log"]["stamp"] = "json";
  }
  if (auto named = settle_name(draft, choice, file); !named) return named;
  app.cwd = fs::absolute(settings.value("cwd", file.dir), file.dir);
  if (!settings.contains("script"))
    return file.document.fault(app.at, app.name_in_file.empty()
                                           ? "an app without a script"
                                           : app.name_in_file + ": no script");
  app.script = settings["script"].get<std::string>();
  app.has_interpreter = settings.contains("interpreter");
  return settle_env(draft, choice, file);
}

std::unexpected<base::Error> none_of(std::string_view what,
                                     const std::string& word,
                                     const std::vector<std::string>& known,
                                     const ConfigFile& file) {
  const auto nearest = base::nearest_word(word, known);
  return base::fail(
      Errc::Invalid,
      fmt::format("{}: no {} {}", file.document.name(), what, word),
      !nearest.empty() ? fmt::format("did you mean {}?", nearest)
      : known.empty()  ? "there is none"
                       : fmt::format("there is {}", fmt::join(known, ", ")));
}

Status check_names(const std::vector<Draft>& drafts, const ConfigFile& file) {
  std::map<std::string, const FileApp*> owners;
  for (const auto& draft : drafts) {
    const auto& app = draft.app;
    if (app.name.empty()) continue;
    const auto [first, is_new] = owners.try_emplace(app.name, &app);
    if (is_new) continue;
    const auto& other = *first->second;
    const auto where =
        other.at.line > 0
            ? fmt::format(" in line {}", place_in(other, "name").line)
            : "";
    return file.document.fault(
        place_in(app, "name"),
        other.name_in_file == app.name_in_file
            ? fmt::format("name: a second {}, the first is{}", app.name,
                          where.empty() ? " above" : where)
            : fmt::format("name: {} and {} would both be {}",
                          other.name_in_file, app.name_in_file, app.name),
        "each app needs a name of its own");
  }
  return {};
}

// Of `--env` and `--only`: what there is of them.
Status check_choice(const std::vector<Draft>& drafts, const FileChoice& choice,
                    const ConfigFile& file) {
  std::set<std::string> variants;
  std::vector<std::string> names;
  for (const auto& draft : drafts) {
    for (const auto& [name, env] : draft.variants.items())
      variants.insert(name);
    names.push_back(draft.app.name_in_file);
    names.push_back(draft.app.name);
  }
  if (!choice.env.empty() && !variants.contains(choice.env))
    return none_of("environment", choice.env,
                   {variants.begin(), variants.end()}, file);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::erase(names, "");
  for (const auto& word : choice.only)
    if (std::ranges::count(names, word) == 0)
      return none_of("app", word, names, file);
  return {};
}

bool is_chosen(const FileApp& app, const FileChoice& choice) {
  return choice.only.empty() ||
         std::ranges::any_of(choice.only, [&](const auto& word) {
           return word == app.name || word == app.name_in_file;
         });
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> read_env_file(
    const std::string& word, const std::string& dir) {
  const auto path = fs::absolute(word, dir);
  auto fd = fs::open(path, O_RDONLY | O_NONBLOCK);
  if (!fd && fd.error().code == Errc::NotFound)
    return base::fail(Errc::NotFound,
                      fmt::format("{}: no such file in {}", word, dir));
  if (!fd) return base::fail(std::move(fd.error()));
  const auto info = fs::fstat(fd->get(), path);
  if (!info) return base::fail(info.error());
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, word + ": not a regular file");
  auto text = fs::read_file(path, size_t{1} << 20);
  if (!text) return base::fail(std::move(text.error()));
  return parse_dotenv({word, std::move(*text)});
}

Result<FileApps> read_file_apps(const ConfigFile& file,
                                const FileChoice& choice) {
  auto apps = apps_of(file);
  if (!apps) return std::unexpected(std::move(apps.error()));
  FileApps result;
  Reader reader(file, result);
  std::vector<Draft> drafts;
  for (const auto* app : *apps) {
    reader.begin_app();
    auto draft = reader.read(*app);
    if (!draft) return std::unexpected(std::move(draft.error()));
    if (auto settled = settle(*draft, choice, file); !settled)
      return std::unexpected(std::move(settled.error()));
    drafts.push_back(std::move(*draft));
  }
  if (auto good = check_names(drafts, file); !good)
    return std::unexpected(std::move(good.error()));
  if (auto good = check_choice(drafts, choice, file); !good)
    return std::unexpected(std::move(good.error()));
  for (auto& draft : drafts) {
    if (!draft.app.name.empty()) result.names.push_back(draft.app.name);
    if (!is_chosen(draft.app, choice)) continue;
    draft.app.settings =
        draft.settings.dump(-1, ' ', false, Json::error_handler_t::replace);
    result.apps.push_back(std::move(draft.app));
  }
  return result;
}

std::unexpected<base::Error> blame(const ConfigFile& file, const FileApp& app,
                                   std::string_view key, std::string_view why,
                                   std::string hint) {
  return file.document.fault(place_in(app, key), why, std::move(hint));
}

}  // namespace config
