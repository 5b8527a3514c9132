#pragma once
// Where the lines of a source go, and how they are kept there.

#include <string>
#include <utility>

#include "capture/options.h"

namespace capture {

struct SinkSpec {
  // Implicit: most files have the default options.
  SinkSpec(std::string where, SinkOptions how = {})
      : path(std::move(where)), options(std::move(how)) {}

  std::string path;  // absolute; "/dev/null": nothing is kept
  SinkOptions options;
};

}  // namespace capture
