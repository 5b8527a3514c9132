#pragma once
// A log directory of its own for a test, what is printed from it, and the naive
// reader that everything clever is compared with.

#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fs.h"
#include "query/planner.h"
#include "query/printer.h"
#include "store/catalog.h"
#include "store/line.h"
#include "store/names.h"
#include "store/times.h"

namespace query_test {

class LogDir {
 public:
  LogDir() {
    std::string name = "/tmp/lodge-query-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~LogDir() { std::filesystem::remove_all(path_); }
  LogDir(const LogDir&) = delete;
  LogDir& operator=(const LogDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const {
    return base::fs::join(path_, name);
  }
  // One write(2), as the writer does.
  void append(std::string_view name, std::string_view bytes) const {
    auto fd = base::fs::open(file(name), O_WRONLY | O_CREAT | O_APPEND);
    (void)base::fs::write_all(fd->get(), bytes, name);
  }
  // An empty file, or one with a copy of the line in progress, in its place.
  void flush(std::string_view name, std::string_view head = "") const {
    (void)base::fs::replace_file(file(name), head);
  }
  // Each of them a batch, of a file without stamps.
  void append_at(std::string_view name, int64_t us,
                 std::string_view bytes) const {
    const auto info = base::fs::stat(file(name));
    auto times = store::TimesFile::open(store::sidecar_name(file(name)));
    (void)times->append(info ? static_cast<uint64_t>(info->st_size) : 0, {us});
    append(name, bytes);
  }
  // As flush(), its sidecar first.
  void flush_at(std::string_view name, std::optional<int64_t> us = {},
                std::string_view head = "") const {
    auto times = store::TimesFile::open(store::sidecar_name(file(name)));
    (void)times->replace();
    if (us) (void)times->append(0, {*us});
    flush(name, head);
  }
  void add_app(const std::string& app, int instances,
               const std::string& stamp = "prefix") {
    store::CatalogApp entry;
    entry.name = app;
    entry.space = "default";
    entry.events_file = store::events_name(app);
    for (int i = 0; i < instances; ++i)
      entry.instances.push_back({next_id_++, i,
                                 name(app, store::Stream::Out, i, stamp),
                                 name(app, store::Stream::Error, i, stamp)});
    catalog_.apps.push_back(std::move(entry));
    (void)store::save_catalog(path_, catalog_);
  }
  static std::string name(const std::string& app, store::Stream stream, int i,
                          const std::string& stamp) {
    const std::string live = store::live_name(app, stream, i);
    return stamp == "none" ? store::unstamped_name(live) : live;
  }
  void delete_app(const std::string& app) {
    auto* entry = catalog_.find(app);
    entry->deleted = base::Timestamp{1'795'256'100'000'000};
    for (auto& instance : entry->instances) instance.id = -1;
    (void)store::save_catalog(path_, catalog_);
  }
  query::Plan plan(const query::Query& query) const {
    auto catalog = store::load_catalog(path_);
    auto plan = query::make_plan(*catalog, path_, query);
    return plan ? *plan : query::Plan{};
  }

 private:
  std::string path_;
  store::Catalog catalog_;
  int next_id_ = 0;
};

struct Shown {
  std::string label;
  query::Kind kind = query::Kind::Out;
  std::optional<base::Timestamp> time;
  std::string text;
  bool ended = false;
  bool operator==(const Shown&) const = default;
};

// Puts pieces together again; a line goes on only when it says so.
class Collector final : public query::Printer {
 public:
  void piece(const query::Origin& origin, const store::Piece& piece) override {
    if (piece.begins) {
      shown.push_back({origin.label, origin.kind, piece.time, {}, false});
      open_[origin.path] = shown.size() - 1;
    }
    auto& line = shown[open_.at(origin.path)];
    line.text.append(piece.text);
    line.ended = piece.ends;
  }
  bool event(const query::Origin& origin, const store::Event& event) override {
    shown.push_back({origin.label, query::Kind::Events, event.time,
                     store::describe_event(event), true});
    return true;
  }
  void settle() override {}
  bool wants_more() const override { return true; }

  std::vector<Shown> shown;

 private:
  std::map<std::string, size_t> open_;
};

inline std::string read_whole(const std::string& path) {
  auto bytes = base::fs::read_file(path);
  return bytes ? *bytes : std::string();
}

// A sidecar, entry by entry.
inline std::vector<store::TimeEntry> naive_times(const std::string& path) {
  std::vector<store::TimeEntry> times;
  const std::string bytes = read_whole(store::sidecar_name(path));
  for (size_t at = 16; at + 16 <= bytes.size(); at += 16) {
    uint64_t entry[2];
    std::memcpy(entry, bytes.data() + at, sizeof entry);
    times.push_back({entry[0], {static_cast<int64_t>(entry[1])}});
  }
  return times;
}

// The lines of one file, the plain way.
inline std::vector<Shown> naive_lines(const query::Origin& origin) {
  std::vector<Shown> lines;
  const std::string bytes = read_whole(origin.path);
  const bool unstamped = store::is_unstamped(origin.path);
  const auto times = naive_times(origin.path);
  size_t next = 0;  // in `times`
  std::optional<base::Timestamp> time;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = bytes.find('\n', at);
    const auto line = std::string_view(bytes).substr(
        at, end == bytes.npos ? bytes.npos : end - at);
    const auto parsed = store::parse_line(line);
    if (parsed.time) time = parsed.time;
    std::string text = std::string(parsed.lead).append(parsed.text);
    if (unstamped) {
      while (next < times.size() && times[next].offset <= at)
        time = times[next++].time;
      text = line;
    }
    lines.push_back(
        {origin.label, origin.kind, time, std::move(text), end != bytes.npos});
    if (end == bytes.npos) break;
    at = end + 1;
  }
  return lines;
}

// The last lines of each app, sorted stably.
inline std::vector<Shown> merge_naively(
    const std::vector<std::string>& order,
    std::map<std::string, std::vector<Shown>>& by_app,
    const query::Query& query) {
  const auto earlier = [](const Shown& a, const Shown& b) {
    return a.time < b.time;
  };
  std::vector<Shown> all;
  for (const auto& app : order) {
    auto& lines = by_app[app];
    std::ranges::stable_sort(lines, earlier);
    if (query.last && lines.size() > *query.last)
      lines.erase(lines.begin(), lines.end() - static_cast<long>(*query.last));
    all.insert(all.end(), lines.begin(), lines.end());
  }
  std::ranges::stable_sort(all, earlier);
  return all;
}

// Reads everything.
inline std::vector<Shown> naive_query(const query::Plan& plan,
                                      const query::Query& query) {
  std::map<std::string, std::vector<Shown>> by_app;
  std::vector<std::string> order;
  for (const auto& origin : plan.origins) {
    if (origin.kind == query::Kind::Events) continue;
    if (by_app.try_emplace(origin.app).second) order.push_back(origin.app);
    for (auto& line : naive_lines(origin)) {
      if (query.since && (!line.time || *line.time < *query.since)) continue;
      if (query.until && (!line.time || *line.time >= *query.until)) continue;
      by_app[origin.app].push_back(std::move(line));
    }
  }
  return merge_naively(order, by_app, query);
}

}  // namespace query_test
