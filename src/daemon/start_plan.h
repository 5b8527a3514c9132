#pragma once
// What a start comes to before it is done: definitions as the apps they make,
// what would become of each, which apps a file no longer has. Control loop.

#include <string>
#include <vector>

#include "base/result.h"
#include "control/message.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

// The spec of the app as it would be: over what is known of it, with the
// environment that it inherits.
base::Result<config::AppSpec> read_definition(
    const std::string& definition, const control::StartRequest& request,
    const supervisor::Supervisor& supervisor);

// For --dry-run: a row an app, `action` says what would be done.
std::vector<control::Outcome> plan_start(
    const std::vector<config::AppSpec>& specs,
    const control::StartRequest& request, const std::vector<int>& pruned,
    const supervisor::Supervisor& supervisor);

// Instances of the apps that request.prune means.
std::vector<int> pruned_ids(const control::StartRequest& request,
                            const supervisor::Supervisor& supervisor);

}  // namespace daemon_
