#pragma once
// When an app counts as ready, how its health is looked at, and what it waits
// for, as plain values. Part of AppSpec.

#include <chrono>
#include <map>
#include <string>

namespace config {

struct HealthSettings {
  // One of these; all empty = it is not looked at.
  std::string http = {};  // "http://host[:port][/path]"
  std::string tcp = {};   // "host:port"
  std::string exec = {};  // a command line for sh
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds timeout{2'000};
  // The least time that a start may take, whatever listen_timeout says.
  std::chrono::milliseconds start_period{0};
  int retries = 3;  // failures in a row until unhealthy

  bool any() const { return !http.empty() || !tcp.empty() || !exec.empty(); }
  bool operator==(const HealthSettings&) const = default;
};

// What another app must be before this one is started.
enum class Condition {
  Started,  // it has a process
  Ready,
  Healthy,
  Exited,  // it has done its work and ended well
};
using Dependencies = std::map<std::string, Condition>;  // by app

}  // namespace config
