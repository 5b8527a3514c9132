#include "daemon/power_loss.h"

#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "rotate/mending.h"
#include "store/events.h"

namespace daemon_ {
namespace {

constexpr std::string_view kMark = "boot";
constexpr size_t kMostBytes = 4096;

std::string trimmed(base::Result<std::string> text) {
  if (!text) return {};
  while (!text->empty() && (text->back() == '\n' || text->back() == '\0'))
    text->pop_back();
  return *text;
}

void tell(const std::string& logs, const base::Clock& clock,
          store::Event event) {
  event.kind = store::EventKind::Lost;
  event.time = clock.now();
  base::log::warn("{}{}{}", event.app, event.app.empty() ? "" : ": ",
                  event.reason);
  if (auto put = store::append_event(logs, event); !put)
    base::log::error("{}", put.error().message);
}

}  // namespace

std::string current_boot() {
  return trimmed(
      base::fs::read_file("/proc/sys/kernel/random/boot_id", kMostBytes));
}

void look_for_power_loss(const base::Home& home, const std::string& boot,
                         const supervisor::AppList& list,
                         const store::Catalog& catalog,
                         const base::Clock& clock) {
  if (boot.empty()) return;
  const std::string mark = home.run(kMark);
  const std::string before = trimmed(base::fs::read_file(mark, kMostBytes));
  if (before == boot) return;
  if (!before.empty()) {
    const auto mending = rotate::mend_tails(home.logs(), catalog);
    for (const auto& problem : mending.problems)
      base::log::warn("{}", problem.message);
    for (const auto& file : mending.mended) {
      store::Event event;
      event.app = file.app;
      event.instance = file.instance;
      event.stream = file.stream;
      event.reason = file.reason();
      // So that nobody looks for it: archive verify.
      if (file.removed) event.file = file.path;
      tell(home.logs(), clock, std::move(event));
    }
    for (const auto& app : list.apps) {
      if (std::ranges::none_of(app.instances,
                               &supervisor::ListedInstance::wanted))
        continue;
      store::Event event;
      event.app = app.spec.name;
      event.reason =
          "the machine went down; what was written since the last sync may be "
          "missing";
      tell(home.logs(), clock, std::move(event));
    }
  }
  if (auto kept = base::fs::replace_file(mark, boot + "\n"); !kept)
    base::log::error("{}", kept.error().message);
}

void ended_in_order(const base::Home& home) {
  if (auto gone = base::fs::unlink(home.run(kMark)); !gone)
    base::log::error("{}", gone.error().message);
}

}  // namespace daemon_
