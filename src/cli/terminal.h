#pragma once
// What stands at the other end of stdout.

#include <cstddef>

namespace cli {

// Cells of the terminal; 0 when stdout is none.
size_t terminal_width();
// Stdout is a terminal that knows colours, and nobody set NO_COLOR.
bool terminal_has_colors();

}  // namespace cli
