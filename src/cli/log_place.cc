#include "cli/log_place.h"

#include <fmt/format.h>

#include "base/fs.h"
#include "cli/gap_form.h"
#include "store/bundle.h"
#include "store/catalog.h"
#include "store/names.h"

namespace cli {
namespace {

namespace fs = base::fs;

constexpr std::string_view kReportFacts = "report.json";

bool has_catalog(const std::string& dir) {
  return fs::exists(fs::join(dir, store::kCatalogName));
}

// Of a home, or a log directory itself; empty when it is neither.
std::string logs_in(const std::string& dir) {
  for (const auto& logs : {fs::join(dir, "logs"), dir})
    if (has_catalog(logs)) return logs;
  return {};
}

std::optional<std::vector<query::Gap>> gaps_of(const std::string& report) {
  const auto text = fs::read_file(fs::join(report, kReportFacts));
  return text ? parse_gaps(*text) : std::nullopt;
}

// Of what somebody made: who reads it is to read nothing else.
base::Status check_inside(const std::string& from, const std::string& logs) {
  auto catalog = store::load_catalog(logs);
  if (!catalog) return base::pass(std::move(catalog), "--from");
  const auto is_inside = [&](std::string_view name) {
    return name.empty() || fs::absolute(name, logs).starts_with(logs + "/");
  };
  for (const auto& app : catalog->apps) {
    std::vector<std::string> names{app.events_file};
    for (auto& file : store::files_of(app))
      names.push_back(std::move(file.file));
    for (const auto& name : names)
      if (!is_inside(name))
        return base::fail(
            base::Errc::Invalid,
            fmt::format("--from {}: its {} names a file outside of it: {}",
                        from, store::kCatalogName, name),
            "lodge report makes none such");
  }
  return {};
}

std::unexpected<base::Error> not_logs(const std::string& from) {
  return base::fail(
      base::Errc::Invalid,
      fmt::format("--from {}: no {} in it", from, store::kCatalogName),
      "a log directory, a home, or what lodge report made");
}

}  // namespace

base::Status check_home(const base::Home& home) {
  auto info = fs::stat(home.root());
  // The usual one is made by the first start; until then it is empty.
  if (!info && info.error().code == base::Errc::NotFound && !home.is_named())
    return {};
  if (!info && info.error().code == base::Errc::NotFound)
    return base::fail(base::Errc::NotFound,
                      home.root() + ": there is no such home",
                      "lodge start app.js makes it; another one: --home DIR");
  if (!info) return base::pass(std::move(info), "home");
  if (S_ISDIR(info->st_mode)) return {};
  return base::fail(base::Errc::Invalid,
                    home.root() + ": is a file, a home is a directory",
                    "--home DIR, or $LODGE_HOME");
}

base::Result<LogPlace> LogPlace::open(const base::Home& home,
                                      const std::string& from) {
  if (from.empty()) {
    if (auto there = check_home(home); !there)
      return base::fail(std::move(there.error()));
    return LogPlace(home.logs());
  }
  auto info = fs::stat(from);
  if (!info) return base::pass(std::move(info), "--from");
  if (S_ISDIR(info->st_mode)) {
    auto logs = logs_in(from);
    if (logs.empty()) return not_logs(from);
    // Files are told apart by their paths, which are whole.
    if (logs.front() != '/') {
      auto here = fs::current_dir();
      if (!here) return base::pass(std::move(here), "--from");
      logs = fs::absolute(logs, *here);
    }
    LogPlace place(std::move(logs));
    place.gaps_ = gaps_of(from);  // as any tar unpacked it
    return place;
  }
  auto file = fs::open(from, O_RDONLY);
  if (!file) return base::pass(std::move(file), "--from");
  auto dir = base::TemporaryDir::make("lodge-from-");
  if (!dir) return base::pass(std::move(dir), "--from");
  auto unpacked = store::unpack_bundle(file->get(), from, dir->path());
  if (!unpacked) {
    auto error = std::move(unpacked.error()).with_context("--from");
    if (error.hint.empty())
      error.hint = "a log directory, a home, or what lodge report made";
    return base::fail(std::move(error));
  }
  LogPlace place(logs_in(dir->path()));
  if (place.dir_.empty()) return not_logs(from);
  if (auto inside = check_inside(from, place.dir_); !inside)
    return base::fail(std::move(inside.error()));
  place.gaps_ = gaps_of(dir->path());
  place.unpacked_.emplace(std::move(*dir));
  return place;
}

}  // namespace cli
