#pragma once
// Failpoints are read once in a process: what is tested under them runs in a
// process of its own, this test binary again, in one of its `probe` cases.

#include <string>
#include <utility>
#include <vector>

#include "support/process.h"

namespace base {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Runs the test case named "probe: NAME". It leaves by std::_Exit.
inline support::Ran run_probe(const std::string& name, Variables env) {
  return support::run({"/proc/self/exe", "--no-skip", "--no-version=true",
                       "--test-case=probe: " + name},
                      {.env = std::move(env)});
}

}  // namespace base
