#pragma once
// Knows whether the machine went down under a daemon: `run/boot` names the boot
// in which one last began, and goes when one ends in order. Before anything is
// captured; blocks.

#include <string>

#include "base/clock.h"
#include "base/home.h"
#include "store/catalog.h"
#include "supervisor/app_list.h"

namespace daemon_ {

// Of the machine that runs now; empty when nobody knows.
std::string current_boot();

// If the machine went down since a daemon began: mends the ends of files
// (rotate/mending.h), and says in the events of each app that was running what
// may be missing. `boot` is remembered for the next time. Failures are in the
// diary.
void look_for_power_loss(const base::Home& home, const std::string& boot,
                         const supervisor::AppList& list,
                         const store::Catalog& catalog,
                         const base::Clock& clock);
// All was written, and synced.
void ended_in_order(const base::Home& home);

}  // namespace daemon_
