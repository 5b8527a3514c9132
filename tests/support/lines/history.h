#pragma once
// Where the lines of one stream of one instance lie, oldest first: its segments
// by their sequence numbers, then the live file. Names alone are looked at, as
// somebody would who has nothing but the directory.

#include <string>
#include <string_view>
#include <vector>

#include "support/lines/truth.h"

namespace support {

// Paths in the log directory `logs`. The live file is always the last, there
// or not. Of an app that writes no more: a seal meanwhile may hide a segment.
std::vector<std::string> history_of(const std::string& logs,
                                    std::string_view app, SourceStream stream,
                                    int instance = 0);

}  // namespace support
