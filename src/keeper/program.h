#pragma once
// A program to run, as one flat block in a memfd: the daemon encodes it, the
// keeper maps it and forks. In memory, not in a frame: an environment may be
// larger than a packet.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, beside or with `gid`
  bool operator==(const User&) const = default;
};

// As setrlimit(2) takes it.
struct ResourceLimit {
  uint32_t resource = 0;  // RLIMIT_...
  uint64_t soft = 0;
  uint64_t hard = 0;
  bool operator==(const ResourceLimit&) const = default;
};

struct Program {
  std::string path;  // absolute
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "KEY=value"
  std::string cwd;
  std::optional<User> user{};  // none = the keeper's own
  bool pty = false;  // its stdin is a terminal, which becomes its controlling
  std::vector<ResourceLimit> limits{};
  std::string group{};  // directory of the control group to enter; none = ours
};

base::Result<base::UniqueFd> encode_program(const Program& program);
base::Result<Program> decode_program(int memfd);

}  // namespace keeper
