#include "cli/archive_views.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/units.h"
#include "cli/table.h"

namespace cli {
namespace {

using Json = nlohmann::ordered_json;

std::string moment(std::optional<base::Timestamp> time, base::Zone zone) {
  return time ? base::format_wall_time(*time, zone) : "-";
}

std::string stream_of(const rotate::Stored& file) {
  const auto kind = store::segment_kind_name(file.kind);
  return file.instance == 0 ? std::string(kind)
                            : fmt::format("{}-{}", kind, file.instance);
}

Json json_time(std::optional<base::Timestamp> time) {
  return time ? Json(base::format_stamp(*time)) : Json(nullptr);
}

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

std::string archive_table(const std::vector<ArchiveRow>& rows, base::Zone zone,
                          bool color) {
  Table table;
  table.heads = {"app",   "stream", "number", "from",  "to",
                 "lines", "raw",    "stored", "ratio", "state"};
  uint64_t raw = 0;
  uint64_t stored = 0;
  for (const auto& row : rows) {
    const auto& file = row.file;
    raw += row.raw.value_or(file.bytes);
    stored += file.bytes;
    const bool has_ratio = file.compressed && row.raw && file.bytes > 0;
    const Cell state = !row.problem.empty() ? Cell{"damaged", Style::Red}
                       : file.compressed    ? Cell{"archive", Style::Plain}
                                            : Cell{"segment", Style::Dim};
    table.rows.push_back(
        {{file.app + (file.gone ? " (gone)" : ""), Style::Bold},
         {stream_of(file)},
         {std::to_string(file.sequence)},
         {moment(row.first, zone)},
         {moment(row.last, zone)},
         {row.lines ? std::to_string(*row.lines) : "-"},
         {row.raw ? base::format_size(*row.raw) : "-"},
         {base::format_size(file.bytes)},
         {has_ratio ? fmt::format("{:.1f}", static_cast<double>(*row.raw) /
                                                static_cast<double>(file.bytes))
                    : "-"},
         state});
  }
  return draw_table(table, color) +
         fmt::format("{} files, {} stored of {} written\n", rows.size(),
                     base::format_size(stored), base::format_size(raw));
}

std::string archive_json(const std::vector<ArchiveRow>& rows) {
  Json array = Json::array();
  for (const auto& row : rows) {
    const auto& file = row.file;
    Json json;
    json["v"] = 1;
    json["app"] = file.app;
    json["gone"] = file.gone;
    json["stream"] = store::segment_kind_name(file.kind);
    json["instance"] = file.instance;
    json["sequence"] = file.sequence;
    json["file"] = file.path;
    json["compressed"] = file.compressed;
    json["first"] = json_time(row.first);
    json["last"] = json_time(row.last);
    json["lines"] = json_of(row.lines);
    json["raw_bytes"] = json_of(row.raw);
    json["stored_bytes"] = file.bytes;
    json["shipped"] = false;
    if (!row.problem.empty()) json["problem"] = row.problem;
    array.push_back(std::move(json));
  }
  return array.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string retention_view(const rotate::Outlook& outlook,
                           const std::string& where, base::Zone zone,
                           bool color) {
  std::string text = fmt::format(
      "{}: logs take {} of {}; {} of the file system are free, {} are to be\n",
      where, base::format_size(outlook.used),
      base::format_size(outlook.budget.cap), base::format_size(outlook.free),
      base::format_size(outlook.budget.keep_free));
  Table table;
  table.heads = {"app", "files", "stored", "live", "share", "back to", "next"};
  for (const auto& app : outlook.apps)
    table.rows.push_back(
        {{app.app + (app.gone ? " (gone)" : ""), Style::Bold},
         {std::to_string(app.files)},
         {base::format_size(app.stored)},
         {base::format_size(app.live)},
         {base::format_size(app.share)},
         {moment(app.oldest, zone)},
         {app.next ? fmt::format("{}: {}", rotate::describe(app.next->file),
                                 app.next->reason)
                   : "-",
          app.next && app.next->now ? Style::Yellow : Style::Plain}});
  return text + draw_table(table, color);
}

std::string retention_json(const rotate::Outlook& outlook,
                           const std::string& where) {
  Json json;
  json["v"] = 1;
  json["directory"] = where;
  json["used_bytes"] = outlook.used;
  json["cap_bytes"] = outlook.budget.cap;
  json["free_bytes"] = outlook.free;
  json["keep_free_bytes"] = outlook.budget.keep_free;
  json["apps"] = Json::array();
  for (const auto& app : outlook.apps) {
    Json entry;
    entry["app"] = app.app;
    entry["gone"] = app.gone;
    entry["files"] = app.files;
    entry["stored_bytes"] = app.stored;
    entry["live_bytes"] = app.live;
    entry["share_bytes"] = app.share;
    entry["unshipped_bytes"] = app.unshipped;
    entry["oldest"] = json_time(app.oldest);
    entry["next"] = nullptr;
    if (app.next)
      entry["next"] = {{"file", app.next->file.path},
                       {"why", rotate::why_name(app.next->why)},
                       {"reason", app.next->reason},
                       {"now", app.next->now}};
    json["apps"].push_back(std::move(entry));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cli
