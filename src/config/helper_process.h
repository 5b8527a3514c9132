#pragma once
// A program that is asked one question: it gets text on stdin, answers on
// descriptor 3, has a time limit and leaves nothing behind. Blocking.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace config {

struct HelperLimits {
  std::chrono::milliseconds time{5000};
  size_t answer = size_t{16} << 20;  // bytes
};

struct HelperAnswer {
  std::string answer;  // what it wrote to descriptor 3
  std::string talk;    // to stdout and stderr, the first 64 KiB
  int exit = -1;       // -1: a signal ended it
  int signal = 0;
};

// argv[0] is the program's path. Errc::Timeout; Errc::Invalid when the answer
// is too long; else an error of starting it. Its whole session is killed.
base::Result<HelperAnswer> ask_helper(const std::vector<std::string>& argv,
                                      std::string_view input,
                                      const HelperLimits& limits = {});

}  // namespace config
