#include "config/dependencies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/target.h"

namespace config {
namespace {

using ByName = std::map<std::string, const AppSpec*>;

ByName by_name(const Specs& all) {
  ByName known;
  for (const auto* spec : all) known[spec->name] = spec;
  return known;
}

base::Status check_known(const AppSpec& spec, const ByName& known) {
  for (const auto& [name, condition] : spec.depends_on) {
    const auto found = known.find(name);
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const auto& [other, unused] : known)
        if (other != spec.name) names.push_back(other);
      const auto nearest = base::nearest_word(name, names);
      return base::fail(
          base::Errc::Invalid,
          fmt::format("{}: depends_on: {}: no such app", spec.name, name),
          nearest.empty() ? "define it too, or start it first"
                          : fmt::format("did you mean {}?", nearest));
    }
    if (condition == Condition::Healthy && !found->second->health.any())
      return base::fail(
          base::Errc::Invalid,
          fmt::format("{}: depends_on: {}: healthy, but it has no health check",
                      spec.name, name),
          fmt::format("give {} one (health.http, tcp or exec), or wait for "
                      "ready",
                      name));
  }
  return {};
}

// Walks depth first; a way that comes back to itself is a cycle.
class CycleFinder {
 public:
  explicit CycleFinder(const ByName& known) : known_(known) {}

  // Empty, or the names around, the first again at the end.
  std::vector<std::string> find() {
    for (const auto& [name, spec] : known_)
      if (visit(name)) return cycle_;
    return {};
  }

 private:
  bool visit(const std::string& name) {
    const auto spec = known_.find(name);
    if (spec == known_.end() || done_.contains(name)) return false;
    if (const auto on_way = std::ranges::find(way_, name);
        on_way != way_.end()) {
      cycle_.assign(on_way, way_.end());
      cycle_.push_back(name);
      return true;
    }
    way_.push_back(name);
    for (const auto& [next, condition] : spec->second->depends_on)
      if (visit(next)) return true;
    way_.pop_back();
    done_.insert(name);
    return false;
  }

  const ByName& known_;
  std::vector<std::string> way_;
  std::vector<std::string> cycle_;
  std::set<std::string> done_;
};

}  // namespace

base::Status check_dependencies(const Specs& all,
                                const std::set<std::string>& given) {
  const auto known = by_name(all);
  for (const auto& name : given)
    if (const auto spec = known.find(name); spec != known.end())
      if (auto good = check_known(*spec->second, known); !good) return good;
  const auto cycle = CycleFinder(known).find();
  if (cycle.empty()) return {};
  return base::fail(
      base::Errc::Invalid,
      fmt::format("depends_on: {}: a cycle", fmt::join(cycle, " -> ")),
      "one of them must start without waiting for the next");
}

std::vector<std::vector<std::string>> stop_order(const Specs& all) {
  auto left = by_name(all);
  std::vector<std::vector<std::string>> groups;
  while (!left.empty()) {
    std::set<std::string> needed;
    for (const auto& [name, spec] : left)
      for (const auto& [other, condition] : spec->depends_on)
        if (other != name) needed.insert(other);
    std::vector<std::string> group;
    for (const auto& [name, spec] : left)
      if (!needed.contains(name)) group.push_back(name);
    if (group.empty())
      for (const auto& [name, spec] : left) group.push_back(name);
    for (const auto& name : group) left.erase(name);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace config
