#include "supervisor/app_list.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"

namespace supervisor {
namespace {

std::string checksum(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

// Put together as text: hundreds of apps are written at every change. What the
// app declares, and what it was given beside that, are two things.
void append(std::string& text, const ListedApp& app) {
  fmt::format_to(std::back_inserter(text),
                 R"({{"created":"{}","env_split":true,"spec":{},"instances":[)",
                 base::format_stamp(app.created), config::print_spec(app.spec));
  const char* comma = "";
  for (const auto& instance : app.instances) {
    fmt::format_to(
        std::back_inserter(text),
        R"({}{{"id":{},"instance":{},"wanted":{},"generation":{},"restarts":{}{}}})",
        comma, instance.id, instance.number, instance.wanted,
        instance.generation, instance.restarts,
        instance.resting ? R"(,"resting":true)" : "");
    comma = ",";
  }
  text += "]}";
}

base::Result<ListedApp> decode(const nlohmann::json& json) {
  ListedApp app;
  app.created =
      base::parse_stamp(json.value("created", "")).value_or(base::Timestamp{});
  auto spec = config::parse_spec(base::print_json(json.at("spec")));
  if (!spec) return base::fail(std::move(spec.error()));
  app.spec = std::move(*spec);
  if (!json.value("env_split", false))
    app.spec.environment.inherited = std::exchange(app.spec.env, {});
  for (const auto& entry : json.at("instances"))
    app.instances.push_back(
        {entry.at("id").get<int>(), entry.at("instance").get<int>(),
         entry.value("wanted", true), entry.value("resting", false),
         entry.value("generation", uint64_t{0}), entry.value("restarts", 0)});
  return app;
}

base::Result<AppList> load_one(const std::string& path) {
  auto text = base::fs::read_file(path);
  if (!text) return base::fail(std::move(text.error()));
  auto list = parse_app_list(*text);
  if (!list) return base::pass(std::move(list), path);
  return list;
}

}  // namespace

std::string print_app_list(const AppList& list) {
  std::string content = fmt::format(R"({{"next_id":{},"apps":[)", list.next_id);
  for (const auto& app : list.apps) {
    if (content.back() != '[') content += ',';
    append(content, app);
  }
  content += "]}";
  // The checksum is over the content's exact bytes, so they must be found again
  // without parsing: a first line of its own, then the content.
  return fmt::format("{{\"v\":1,\"checksum\":\"{}\",\"content\":\n{}\n}}\n",
                     checksum(content), content);
}

base::Result<AppList> parse_app_list(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return base::fail(base::Errc::Invalid, fmt::format("app list: {}", why));
  };
  const auto first = text.find('\n');
  const auto last = text.rfind("\n}\n");
  if (first == text.npos || last == text.npos || last <= first)
    return bad("cut off, or not an app list");
  const auto content = text.substr(first + 1, last - first - 1);
  auto json = base::parse_json(text, {.bytes = size_t{64} << 20, .depth = 16});
  if (!json) return bad(json.error().message);
  try {
    if (json->value("v", 0) != 1)
      return base::fail(base::Errc::Denied,
                        "app list: written by a newer version of lodge",
                        "use that version, or move the file away");
    if (json->value("checksum", "") != checksum(content))
      return bad("damaged: its checksum does not fit");
    const auto& body = json->at("content");
    AppList list;
    list.next_id = body.at("next_id").get<int>();
    for (const auto& entry : body.at("apps")) {
      auto app = decode(entry);
      if (!app) return bad(app.error().message);
      list.apps.push_back(std::move(*app));
    }
    return list;
  } catch (const nlohmann::json::exception& error) {
    return bad(error.what());
  }
}

base::Result<LoadedList> load_app_list(const std::string& path) {
  auto list = load_one(path);
  if (list) return LoadedList{std::move(*list), {}};
  // Not damage: an older list in its place would undo what was done since.
  if (list.error().code == base::Errc::Denied)
    return base::fail(std::move(list.error()));
  const std::string copy = path + ".bak";
  const bool missing = list.error().code == base::Errc::NotFound;
  if (missing && !base::fs::exists(copy)) return LoadedList{};
  auto second = load_one(copy);
  if (second)
    return LoadedList{std::move(*second),
                      list.error().message + "; using " + copy};
  return base::fail(
      base::Errc::Invalid,
      list.error().message + "; and the copy: " + second.error().message,
      "mend or move away " + path + " and " + copy +
          ", then start again; running apps go on meanwhile");
}

void remove_leftovers(const std::string& path) {
  const std::string dir = base::fs::dir_name(path);
  const std::string ours = "." + base::fs::base_name(path) + ".";
  auto names = base::fs::list_dir(dir);
  if (!names) return;
  for (const auto& name : *names)
    if (base::fs::is_temporary(name) && name.starts_with(ours))
      (void)base::fs::unlink(base::fs::join(dir, name));
}

base::Status save_app_list(const std::string& path, const std::string& text) {
  auto saved = base::fs::replace_file(path, text);
  if (!saved) return base::pass(std::move(saved), "app list");
  // The same once more: who comes to the copy is not put back by a change.
  if (auto copied = base::fs::replace_file(path + ".bak", text); !copied)
    base::log::warn("the copy of the app list: {}", copied.error().message);
  return {};
}

}  // namespace supervisor
