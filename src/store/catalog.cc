#include "store/catalog.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"

namespace store {
namespace {

using Json = nlohmann::ordered_json;

Json encode(const CatalogInstance& instance) {
  Json json{{"id", instance.id},
            {"instance", instance.number},
            {"out", instance.out_file},
            {"error", instance.error_file},
            {"stamp", stamp_name(instance.stamp)}};
  for (const auto& former : instance.former)
    json["former"].push_back(Json{{"stream", stream_name(former.stream)},
                                  {"file", former.file},
                                  {"stamp", stamp_name(former.stamp)}});
  return json;
}

// Older catalogs have none.
Stamp stamp_of(const nlohmann::json& json) {
  const std::string name = json.value("stamp", "prefix");
  for (const auto stamp : {Stamp::Prefix, Stamp::Json, Stamp::None})
    if (stamp_name(stamp) == name) return stamp;
  return Stamp::Prefix;
}

CatalogInstance decode_instance(const nlohmann::json& json) {
  CatalogInstance instance;
  instance.id = json.value("id", -1);
  instance.number = json.at("instance").get<int>();
  instance.out_file = json.at("out").get<std::string>();
  instance.error_file = json.at("error").get<std::string>();
  instance.stamp = stamp_of(json);
  if (json.contains("former"))
    for (const auto& entry : json.at("former"))
      instance.former.push_back(
          {entry.at("stream") == "error" ? Stream::Error : Stream::Out,
           entry.at("file").get<std::string>(), stamp_of(entry)});
  return instance;
}

Json encode(const KeepRules& keep) {
  Json json = Json::object();
  if (keep.count) json["count"] = *keep.count;
  if (keep.age) json["age_ms"] = keep.age->count();
  if (keep.size) json["size"] = *keep.size;
  json["level"] = keep.level;
  return json;
}

KeepRules decode_keep(const nlohmann::json& json) {
  KeepRules keep;
  if (json.contains("count")) keep.count = json.at("count").get<uint64_t>();
  if (json.contains("age_ms"))
    keep.age = std::chrono::milliseconds(json.at("age_ms").get<int64_t>());
  if (json.contains("size")) keep.size = json.at("size").get<uint64_t>();
  keep.level = json.value("level", keep.level);
  return keep;
}

Json encode(const CatalogApp& app) {
  Json json;
  json["name"] = app.name;
  json["namespace"] = app.space;
  json["events"] = app.events_file;
  json["created"] = base::format_stamp(app.created);
  if (app.deleted) json["deleted"] = base::format_stamp(*app.deleted);
  if (app.keep != KeepRules{}) json["keep"] = encode(app.keep);
  json["instances"] = Json::array();
  for (const auto& instance : app.instances)
    json["instances"].push_back(encode(instance));
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
  if (json.contains("keep")) app.keep = decode_keep(json.at("keep"));
  for (const auto& entry : json.at("instances"))
    app.instances.push_back(decode_instance(entry));
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

std::vector<CatalogFile> files_of(const CatalogApp& app) {
  std::vector<CatalogFile> files;
  const auto add = [&](const CatalogInstance& instance, Stream stream,
                       const std::string& file, Stamp stamp, bool live) {
    if (file.empty()) return;
    const auto known = std::ranges::find(files, file, &CatalogFile::file);
    if (known == files.end()) {
      files.push_back({file, stream, stamp, {&instance}, live});
      return;
    }
    if (known->instances.back() != &instance)
      known->instances.push_back(&instance);
    if (stream == Stream::Out) known->stream = stream;
    if (live) known->stamp = stamp;
    known->live = known->live || live;
  };
  for (const auto& instance : app.instances) {
    for (const auto& former : instance.former)
      add(instance, former.stream, former.file, former.stamp, false);
    add(instance, Stream::Out, instance.out_file, instance.stamp, true);
    add(instance, Stream::Error, instance.error_file, instance.stamp, true);
  }
  return files;
}

bool update_files(CatalogInstance& known, const CatalogInstance& wanted) {
  if (known.out_file == wanted.out_file &&
      known.error_file == wanted.error_file && known.stamp == wanted.stamp)
    return false;
  const auto leave = [&](Stream stream, const std::string& file) {
    if (file.empty()) return;
    std::erase_if(known.former,
                  [&](const auto& former) { return former.file == file; });
    known.former.push_back({stream, file, known.stamp});
  };
  leave(Stream::Error, known.error_file);
  leave(Stream::Out, known.out_file);
  known.out_file = wanted.out_file;
  known.error_file = wanted.error_file;
  known.stamp = wanted.stamp;
  // What it writes again is no longer former.
  std::erase_if(known.former, [&](const auto& former) {
    return former.file == known.out_file || former.file == known.error_file;
  });
  return true;
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

std::string format_catalog(const Catalog& catalog) {
  Json json;
  json["v"] = 1;
  json["apps"] = Json::array();
  for (const auto& app : catalog.apps) json["apps"].push_back(encode(app));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Status save_catalog(const std::string& log_dir, const Catalog& catalog) {
  auto saved = base::fs::replace_file(base::fs::join(log_dir, kCatalogName),
                                      format_catalog(catalog));
  if (!saved) return base::pass(std::move(saved), "catalog");
  return {};
}

}  // namespace store
