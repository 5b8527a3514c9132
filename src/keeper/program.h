#pragma once
// A program to run, as one flat block in a memfd: the daemon encodes it, the
// keeper maps it and forks. In memory, not in a frame: an environment may be
// larger than a packet.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

struct Program {
  std::string path;  // absolute
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "KEY=value"
  std::string cwd;
};

base::Result<base::UniqueFd> encode_program(const Program& program);
base::Result<Program> decode_program(int memfd);

}  // namespace keeper
