#pragma once
// The steps of the journal as tests see them: at each one the process may be
// made to die (LODGE_FAILPOINTS="journal=kill@7").

#include <string_view>

#include "base/failpoint.h"

namespace capture {

inline void step(std::string_view name) {
  if (base::failpoint::enabled())
    (void)base::failpoint::consult("journal", name);
}

}  // namespace capture
