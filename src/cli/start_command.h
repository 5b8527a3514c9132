#pragma once
// `lodge start`, and what else starts what files declare.

#include <string>
#include <vector>

namespace cli {

struct Invocation;

int run_start(const Invocation& invocation);

// The apps of these files as they say by now, started anew. Exit code.
int restart_files(const Invocation& invocation,
                  const std::vector<std::string>& files);

}  // namespace cli
