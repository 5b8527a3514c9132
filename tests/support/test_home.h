#pragma once
// A Lodge of one's own for a test: a temporary LODGE_HOME, and the real binary
// run in it. When the test ends so does all that it started; what the product
// left running after `lodge kill` fails the test.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/proc.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace support {

// A row of `lodge jlist`.
struct AppRow {
  std::string name;
  int id = -1;
  int pid = 0;
  std::string status;
  std::string space;  // namespace
  int restarts = 0;
  std::string out_file;
  std::string error_file;
};

class TestHome {
 public:
  TestHome();
  // In a subdirectory, for homes with long or odd paths.
  explicit TestHome(std::string_view subdirectory);
  ~TestHome();

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }
  std::string log(std::string_view name) const {
    return file("logs/" + std::string(name));
  }
  // A directory beside the home, for scripts and side files: the working
  // directory of every command.
  const TempDir& work() const { return work_; }

  // `lodge ARGS...` to its end.
  Ran lodge(std::vector<std::string> args, RunOptions options = {}) const;
  // The same, and the test ends here unless it exits with 0.
  Ran must(std::vector<std::string> args, RunOptions options = {}) const;
  Child background(std::vector<std::string> args,
                   RunOptions options = {}) const;
  RunOptions in_home(RunOptions options = {}) const;

  // Starts an app with a short --min-uptime, so that tests don't wait for it;
  // `words` are those after the script. The test ends here if that fails.
  void start(const std::string& name, const std::string& script,
             std::vector<std::string> words = {}) const;
  // Starts a line source as an app; returns the path of its truth.
  std::string start_source(const std::string& name,
                           std::vector<std::string> source_flags,
                           std::vector<std::string> app_flags = {}) const;

  std::vector<AppRow> list() const;
  AppRow app(std::string_view name) const;  // id -1 when it is not listed
  // Waits for a status; false when it does not come.
  bool reaches(std::string_view name, std::string_view status) const;
  // How often `kind` ("exit", "start", ...) is among the app's events.
  std::vector<nlohmann::json> events(const std::string& app,
                                     std::string_view kind = {}) const;
  bool has_status(std::string_view name, std::string_view status) const;

  // Daemons and keepers of this home, by what runs in /proc.
  std::vector<ProcessInfo> daemons() const;
  std::vector<ProcessInfo> keepers() const;
  std::vector<ProcessInfo> processes() const;  // and apps, and all they started
  pid_t daemon_pid() const;                    // 0 unless there is exactly one
  // SIGKILL, and waits until it is gone.
  void kill_daemon() const;
  // SIGKILL for daemon and keeper, neither of which sees the other go.
  void kill_daemon_and_keeper() const;

 private:
  std::vector<ProcessInfo> with_role(std::string_view role) const;

  TempDir dir_;
  TempDir work_;
  std::string path_;
};

// The binary under test.
std::string lodge_binary();
// The line source (line_source/main.cc).
std::string line_source_binary();

// Whether a program is on PATH.
bool has_program(const std::string& name);

// Each line parsed; a line that is no JSON fails the test.
std::vector<nlohmann::json> json_lines(std::string_view text);
nlohmann::json json_of(std::string_view text);

}  // namespace support
