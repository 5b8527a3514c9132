#include "store/catalog.h"

#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"

namespace store {
namespace {

using Json = nlohmann::ordered_json;

Json encode(const CatalogApp& app) {
  Json json;
  json["name"] = app.name;
  json["namespace"] = app.space;
  json["stamp"] = "prefix";
  json["events"] = app.events_file;
  json["created"] = base::format_stamp(app.created);
  if (app.deleted) json["deleted"] = base::format_stamp(*app.deleted);
  json["instances"] = Json::array();
  for (const auto& instance : app.instances)
    json["instances"].push_back(Json{{"id", instance.id},
                                     {"instance", instance.number},
                                     {"out", instance.out_file},
                                     {"error", instance.error_file}});
  return json;
}

CatalogApp decode(const nlohmann::json& json) {
  CatalogApp app;
  app.name = json.at("name").get<std::string>();
  app.space = json.value("namespace", "default");
  app.events_file = json.value("events", events_name(app.name));
  app.created =
      base::parse_stamp(json.value("created", "")).value_or(base::Timestamp{});
  app.deleted = base::parse_stamp(json.value("deleted", ""));
  for (const auto& entry : json.at("instances")) {
    CatalogInstance instance;
    instance.id = entry.value("id", -1);
    instance.number = entry.at("instance").get<int>();
    instance.out_file = entry.at("out").get<std::string>();
    instance.error_file = entry.at("error").get<std::string>();
    app.instances.push_back(std::move(instance));
  }
  return app;
}

}  // namespace

CatalogApp* Catalog::find(std::string_view name) {
  for (auto& app : apps)
    if (app.name == name) return &app;
  return nullptr;
}

const CatalogApp* Catalog::find(std::string_view name) const {
  return const_cast<Catalog*>(this)->find(name);
}

base::Result<Catalog> load_catalog(const std::string& log_dir) {
  const std::string path = base::fs::join(log_dir, kCatalogName);
  auto text = base::fs::read_file(path);
  if (!text) {
    if (text.error().code == base::Errc::NotFound) return Catalog{};
    return base::pass(std::move(text), "catalog");
  }
  auto json = base::parse_json(*text, {.bytes = size_t{64} << 20});
  if (!json) return base::pass(std::move(json), "catalog " + path);
  Catalog catalog;
  try {
    for (const auto& app : json->at("apps"))
      catalog.apps.push_back(decode(app));
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::Errc::Invalid,
                      "catalog " + path + ": " + error.what());
  }
  return catalog;
}

base::Status save_catalog(const std::string& log_dir, const Catalog& catalog) {
  Json json;
  json["v"] = 1;
  json["apps"] = Json::array();
  for (const auto& app : catalog.apps) json["apps"].push_back(encode(app));
  auto saved = base::fs::replace_file(
      base::fs::join(log_dir, kCatalogName),
      json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!saved) return base::pass(std::move(saved), "catalog");
  return {};
}

}  // namespace store
