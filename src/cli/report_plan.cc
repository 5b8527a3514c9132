#include "cli/report_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/fs.h"

namespace cli {
namespace {

// A tar takes a longer name only when it has a slash in the right place.
constexpr size_t kLongestName = 80;

class Naming {
 public:
  explicit Naming(const store::Catalog& catalog) {
    taken_.emplace(store::kCatalogName);
    taken_.emplace(store::kDaemonEvents);
    for (const auto& app : catalog.apps)
      taken_.insert(store::events_name(app.name));
  }

  // Files elsewhere may have the same name.
  std::string name_of(const query::Origin& origin) {
    std::string name = base::fs::base_name(origin.path);
    const bool raw = store::is_unstamped(name);
    if (name.size() > kLongestName || name.starts_with('.'))
      name = store::live_name(origin.app,
                              origin.kind == query::Kind::Error
                                  ? store::Stream::Error
                                  : store::Stream::Out,
                              std::max(origin.instance, 0),
                              raw ? store::Stamp::None : store::Stamp::Prefix);
    std::string unique = name;
    for (int n = 2; !taken_.insert(unique).second; ++n)
      unique = store::numbered_name(name, n);
    return unique;
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace

base::Result<ReportPlan> plan_report(const store::Catalog& catalog,
                                     const std::string& log_dir,
                                     const query::Query& query) {
  auto chosen = query::make_plan(catalog, log_dir, query);
  if (!chosen) return base::fail(std::move(chosen.error()));
  // Who gets it does not see what was said here.
  if (!chosen->unknown.empty())
    return base::fail(std::move(chosen->unknown.front()));
  ReportPlan plan;
  Naming naming(catalog);
  std::map<std::string, std::string> names;  // by path
  std::set<std::string> apps;
  for (const auto& origin : chosen->origins) {
    apps.insert(origin.app);
    const bool is_events = origin.kind == query::Kind::Events;
    plan.files.push_back({origin, is_events ? store::events_name(origin.app)
                                            : naming.name_of(origin)});
    if (!is_events) names[origin.path] = plan.files.back().name;
  }
  const auto rename = [&](std::string& file) {
    const auto known = names.find(store::file_path(log_dir, file));
    file = file.empty() || known == names.end() ? "" : known->second;
    return !file.empty();
  };
  for (auto app : catalog.apps) {
    if (!apps.contains(app.name)) continue;
    app.events_file = store::events_name(app.name);
    app.keep = {};
    std::erase_if(app.instances, [&](store::CatalogInstance& instance) {
      // One that never wrote a file has its events.
      if (instance.out_file.empty() && instance.error_file.empty() &&
          instance.former.empty())
        return false;
      const bool out = rename(instance.out_file);
      const bool error = rename(instance.error_file);
      std::erase_if(instance.former, [&](auto& f) { return !rename(f.file); });
      return !out && !error && instance.former.empty();
    });
    plan.catalog.apps.push_back(std::move(app));
  }
  return plan;
}

}  // namespace cli
