#pragma once
// What /proc says of processes: who belongs to a test, who descends from whom,
// how much memory they hold. A process that goes while we look is not there.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';
  uint64_t start_ticks = 0;  // since boot; with the pid, who it is
  std::string exe;           // what runs; empty when it can't be told
  std::vector<std::string> argv;

  std::string words() const;  // "4711 sleep 1000"
};

std::optional<ProcessInfo> process_info(pid_t pid);
bool is_running(pid_t pid);  // a zombie is not

// Processes whose environment has NAME=VALUE, zombies left out.
std::vector<ProcessInfo> processes_with_env(std::string_view name,
                                            std::string_view value);
std::vector<ProcessInfo> descendants(pid_t pid);

// Resident memory as smaps_rollup counts it; `proportional` shares pages that
// several map among them. 0 = no such process.
struct Memory {
  uint64_t resident = 0;
  uint64_t proportional = 0;
};
Memory memory_of(pid_t pid);

}  // namespace support
