#pragma once
// Which flags each `archive` command has: they share one row of the command
// table, and one that is passed over in silence may delete in the wrong place.
// Pure.

#include <string_view>

#include "base/result.h"
#include "cli/commands.h"

namespace cli {

// Errc::Invalid names the first flag that `verb` has no use for, and who has.
base::Status check_archive_flags(std::string_view verb, const Command& command,
                                 const Args& args);

}  // namespace cli
