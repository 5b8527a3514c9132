#pragma once
// The daemon's diary, in which the keeper tells what it did to daemons.

#include <string>

#include "base/home.h"

namespace keeper {

// Appends one line, in the form of the daemon's own. Best effort: whoever has
// no disk for it has other worries.
void note_in_diary(const base::Home& home, const std::string& words);

}  // namespace keeper
