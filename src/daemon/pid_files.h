#pragma once
// `pid_file`: the pid of each instance, for other tools. Written and removed by
// a thread of its own, in order: they may lie on any disk. Lives on the control
// loop.

#include <functional>
#include <map>
#include <string>

#include "base/worker_pool.h"
#include "config/app_spec.h"

namespace daemon_ {

// Absolute; of several instances each has its number: app.pid, app-1.pid.
// Empty when the app asks for none.
std::string pid_file_path(const config::AppSpec& spec, int instance);

// 0644, whole or not at all; a link of that name is replaced, never followed.
base::Status write_pid_file(const std::string& path, int pid);
// Unless it says another pid.
void remove_pid_file(const std::string& path, int pid);

class PidFiles {
 public:
  // `failed` is called on the worker.
  explicit PidFiles(std::function<void(const std::string& why)> failed)
      : failed_(std::move(failed)) {}

  void started(int id, std::string path, int pid);  // path empty = none
  // It was started by an earlier daemon, which wrote the file.
  void adopted(int id, std::string path, int pid);
  void ended(int id);

 private:
  struct Written {
    std::string path;
    int pid = 0;
  };
  const std::function<void(const std::string&)> failed_;
  std::map<int, Written> written_;  // by instance
  base::WorkerPool worker_{1};
};

}  // namespace daemon_
