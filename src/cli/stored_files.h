#pragma once
// The sealed files that an `archive` command is about, by its targets.

#include <expected>
#include <string>
#include <vector>

#include "base/target.h"
#include "cli/commands.h"
#include "control/message.h"
#include "rotate/stock.h"
#include "store/catalog.h"

namespace cli {

// Of `archive VERB [target…]`.
control::Selection archive_selection(const Invocation& invocation);

// What can't be read is reported; what is left for the caller is an exit code.
std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation);

// What they are chosen from, and by.
struct ChosenApps {
  std::string logs;  // the directory: the home's, or that of --from
  store::Catalog catalog;
  std::vector<base::TargetCandidate> instances;
};
std::expected<ChosenApps, int> chosen_apps(const Invocation& invocation);
std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation, const ChosenApps& chosen);

}  // namespace cli
