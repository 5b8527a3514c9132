#include "cli/event_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/fs.h"
#include "store/catalog.h"

namespace cli {

using base::Result;

EventFilter filter_for(std::vector<std::string> targets,
                       std::set<store::EventKind> kinds) {
  // Without a pattern there is nothing that could be wrong with it.
  return {.targets = std::move(targets),
          .exclude = {},
          .since = {},
          .until = {},
          .kinds = std::move(kinds),
          .generation = {},
          .text = std::move(*query::Pattern::compile({}))};
}

EventWords event_words(const store::Event& event) {
  EventWords words{store::describe_event(event), {}};
  if (!event.actor.empty()) words.what += " by " + event.actor;
  if (!event.command.empty())
    words.command = fmt::format(" ({})", event.command);
  return words;
}

EventSieve::EventSieve(const EventFilter& filter) : filter_(filter) {
  using Which = query::LifeChoice::Which;
  if (!filter.generation) return;
  choice_.which = *filter.generation > 0 ? Which::Number : Which::FromEnd;
  choice_.number = static_cast<uint64_t>(std::abs(*filter.generation));
}

void EventSieve::learn(const store::Event& event) {
  if (filter_.generation) lives_.add(event);
}

bool EventSieve::takes(const store::Event& event) const {
  if (filter_.since && event.time < *filter_.since) return false;
  if (filter_.until && event.time >= *filter_.until) return false;
  if (!filter_.kinds.empty() && !filter_.kinds.contains(event.kind))
    return false;
  const auto words = event_words(event);
  const std::string text = words.what + words.command;
  return filter_.text.matches(text) && !filter_.text.excludes(text);
}

bool EventSieve::is_of_life(const store::Event& event) const {
  if (!filter_.generation) return true;
  using Which = query::LifeChoice::Which;
  if (choice_.which == Which::Number && event.generation != choice_.number)
    return false;
  const auto* life = lives_.of(event);
  return life != nullptr &&
         life == lives_.choose({event.app, event.instance}, choice_);
}

Result<query::Plan> plan_events(const std::string& log_dir,
                                const EventFilter& filter) {
  auto catalog = store::load_catalog(log_dir);
  if (!catalog) return base::fail(std::move(catalog.error()));
  query::Query query;
  query.out = query.error = false;
  query.exclude = filter.exclude;
  for (const auto& word : filter.targets)
    if (word != "lodge") query.targets.push_back(word);
  const bool all = filter.targets.empty();
  query::Plan plan;
  if (all || query.targets.size() < filter.targets.size()) {
    query::Origin own;
    own.kind = query::Kind::Events;
    own.path = base::fs::join(log_dir, store::kDaemonEvents);
    plan.origins.push_back(std::move(own));
  }
  if (!all && query.targets.empty()) return plan;
  auto apps = query::make_plan(*catalog, log_dir, query);
  // Without its apps, all is Lodge's own; a word that names none is another
  // matter.
  if (!apps && all) {
    std::swap(query.targets, query.exclude);
    if (query::make_plan(*catalog, log_dir, query)) return plan;
  }
  if (!apps && apps.error().code == base::Errc::NotFound &&
      !plan.origins.empty() && filter.exclude.empty()) {
    plan.unknown.push_back(std::move(apps.error()));
    return plan;
  }
  if (!apps) return apps;
  std::ranges::move(apps->origins, std::back_inserter(plan.origins));
  plan.unknown = std::move(apps->unknown);
  return plan;
}

Result<std::vector<store::Event>> read_events(const std::string& log_dir,
                                              const EventFilter& filter) {
  auto plan = plan_events(log_dir, filter);
  if (!plan) return base::fail(std::move(plan.error()));
  EventSieve sieve(filter);
  std::vector<store::Event> events;
  query::Problems problems;
  query::read_events(plan->origins, problems, [&](const store::Event& event) {
    sieve.learn(event);
    if (sieve.takes(event)) events.push_back(event);
  });
  if (!problems.empty()) return base::fail(std::move(problems.front()));
  std::erase_if(events,
                [&](const auto& event) { return !sieve.is_of_life(event); });
  std::ranges::stable_sort(events, {}, &store::Event::time);
  return events;
}

}  // namespace cli
