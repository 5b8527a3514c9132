#pragma once
// The sealed files that an `archive` command is about, by its targets.

#include <expected>
#include <vector>

#include "cli/commands.h"
#include "control/message.h"
#include "rotate/stock.h"

namespace cli {

// Of `archive VERB [target…]`.
control::Selection archive_selection(const Invocation& invocation);

// What can't be read is reported; what is left for the caller is an exit code.
std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation);

}  // namespace cli
