#pragma once
// The date and time that programs put before their lines, as far as it tells
// that a line begins here. What it says isn't asked. Pure; any thread.

#include <cstddef>
#include <string_view>

namespace store {

// Bytes of the date with a time that `text` begins with, in brackets or not:
// `2026-11-21T10:15:02.123Z`, `[2026/11/21 10:15:02,123 +0100]`. 0: none.
size_t text_time_size(std::string_view text);

}  // namespace store
