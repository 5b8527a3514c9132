#include <algorithm>
#include <set>

#include "supervisor/gather.h"
#include "supervisor/supervisor.h"

namespace supervisor {

base::Status Supervisor::scale(App& app, int count, bool wait,
                               const Cause& cause, OnOutcomes done) {
  if (shutting_down_)
    return base::fail(base::Errc::Unavailable, "the daemon is shutting down");
  if (std::ranges::any_of(app.instances,
                          [](const auto& i) { return i->leaving(); }))
    return base::fail(base::Errc::Exists,
                      app.spec.name + ": some of it are being deleted",
                      "again when they are gone: lodge list");
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  std::set<const Instance*> before;
  for (const auto& instance : app.instances) before.insert(instance.get());
  const bool same = static_cast<size_t>(count) == before.size();
  app.spec.instances = count;
  resize(app, cause, *gather);
  for (const auto& instance : app.instances) {
    if (same) gather->add(*instance, app, "unchanged");
    if (!before.contains(instance.get()))
      bring_up(*instance, app, {}, {.wait = wait}, cause, *gather);
  }
  observer_.on_list_changed();
  gather->close();
  return {};
}

// To as many instances as its spec says; the highest numbers go first.
void Supervisor::resize(App& app, const Cause& cause, Gather& gather) {
  const auto wanted = static_cast<size_t>(app.spec.instances);
  // The lowest numbers that are free: they name the log files.
  for (int number = 0; app.instances.size() < wanted; ++number) {
    const bool taken = std::ranges::any_of(app.instances, [&](const auto& i) {
      return i->life().number == number;
    });
    if (!taken)
      add_instance(app, {.id = next_id_++, .number = number, .wanted = false});
  }
  std::ranges::sort(app.instances, {},
                    [](const auto& i) { return i->life().number; });
  std::vector<int> surplus;
  for (size_t i = wanted; i < app.instances.size(); ++i)
    surplus.push_back(app.instances[i]->life().id);
  if (surplus.empty()) return;
  // erase() takes them off this number as they go.
  app.spec.instances = static_cast<int>(app.instances.size());
  gather.begin();
  remove(surplus, cause, [self = gather.shared_from_this()](Outcomes outcomes) {
    self->absorb(std::move(outcomes));
    self->close();
  });
}

}  // namespace supervisor
