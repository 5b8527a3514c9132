#pragma once
// The list of apps as it is kept on disk (apps.json): what is to run, and the
// numbers that must never be given twice. Reading and writing text is pure;
// load() and save() put it on disk so that a crash leaves the old list or the
// new one, whole; apps.json.bak is the same once more.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/app_spec.h"

namespace supervisor {

struct ListedInstance {
  int id = 0;
  int number = 0;      // within the app
  bool wanted = true;  // to be running
  // Not wanted, but what is due by the calendar may start it.
  bool resting = false;
  uint64_t generation = 0;
  int restarts = 0;
};

struct ListedApp {
  config::AppSpec spec;
  base::Timestamp created;
  std::vector<ListedInstance> instances;  // ascending by number
};

struct AppList {
  int next_id = 0;
  std::vector<ListedApp> apps;
};

// One JSON object with a checksum over its content.
std::string print_app_list(const AppList& list);
// Errc::Invalid: not an app list, or damaged.
base::Result<AppList> parse_app_list(std::string_view text);

struct LoadedList {
  AppList list;
  std::string warning;  // not empty: the copy was used, and why
};
// A missing list is an empty one. When the list is damaged its copy is used;
// when both are, that is an error: nothing is overwritten.
base::Result<LoadedList> load_app_list(const std::string& path);
// Temporary files that a crash left beside the list, and no others: commands
// that come at this moment make files of their own there.
void remove_leftovers(const std::string& path);
// Done when the list is durable; its copy follows where the disk allows it.
base::Status save_app_list(const std::string& path, const std::string& text);

}  // namespace supervisor
