#pragma once
// A stamp before each line, as fast as bytes can be copied: newlines are found
// by SIMD, 64 bytes at a time, and lines are copied in blocks that may write
// beyond their end, into room that what comes next overwrites. Pure; inside
// capture, the formatter's alone. Each variant gives the same bytes.

#include <span>
#include <string_view>

#include "store/line.h"

namespace capture {

enum class Simd { Plain, Sse2, Avx2, Neon };

// Whether this processor, and this build, can.
bool is_supported(Simd simd);
// The fastest that is supported. Asks the processor: once is enough.
Simd best_simd();

struct Stamped {
  size_t consumed = 0;
  size_t written = 0;
};

// Copies `bytes` to `out`, as far as it has room, with `stamp` (of
// store::kPrefixSize) before each line that begins. `mid_line`: whether a line
// is open before, and after. Never stops between a stamp and the first byte of
// its line. Whatever lies in `out` beyond `written` is lost.
Stamped stamp_lines(std::string_view bytes, std::string_view stamp,
                    bool& mid_line, std::span<char> out, Simd simd);

}  // namespace capture
