#pragma once
// The user that an app runs as: names to numbers, with what belongs to that
// user. Each is asked for once in a daemon's life: the user database may be a
// slow server. Lives on the control loop.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "keeper/program.h"

namespace daemon_ {

struct RunAs {
  keeper::User user;
  std::string name;  // empty when it has none
  std::string home;
};

class Users {
 public:
  // None when both are empty, or mean whom this process is already. Errc::
  // NotFound: there is no such user or group. Errc::Denied: we are not root.
  base::Result<std::optional<RunAs>> resolve(const std::string& uid,
                                             const std::string& gid);

 private:
  std::map<std::pair<std::string, std::string>, RunAs> known_;
};

// HOME, USER and LOGNAME of that user in the place of ours.
void set_user(std::vector<std::string>& env, const RunAs& as);

// In the place of what it was. `env` is of "KEY=value".
void set_variable(std::vector<std::string>& env, std::string_view key,
                  const std::string& value);

}  // namespace daemon_
