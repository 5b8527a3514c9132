#pragma once
// A live file as somebody wants it: where it is, and how its lines are kept.
// Plain data: what capture is told of a source's file.

#include <string>

#include "capture/options.h"

namespace capture {

struct SinkSpec {
  std::string path;  // absolute
  SinkOptions options;

  bool operator==(const SinkSpec&) const = default;
};

}  // namespace capture
