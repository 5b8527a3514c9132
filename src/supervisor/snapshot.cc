// What of the supervisor has to do with snapshots of its list.

#include "supervisor/supervisor.h"

#include <algorithm>

namespace supervisor {

std::vector<int> Supervisor::add(ListedApp listed) {
  App& app = add_app(std::move(listed.spec));
  app.created = listed.created;
  app.spec.instances = static_cast<int>(listed.instances.size());
  std::vector<int> wanted;
  for (auto instance : listed.instances) {
    if (instance.id < 0 || find(instance.id) != nullptr) instance.id = next_id_;
    next_id_ = std::max(next_id_, instance.id + 1);
    if (instance.wanted) wanted.push_back(instance.id);
    instance.wanted = false;
    add_instance(app, instance);
  }
  observer_.on_list_changed();
  return wanted;
}

}  // namespace supervisor
