#pragma once
// `lodge run`: apps in the foreground, without a keeper or a daemon, and
// without a home unless their logs are to be kept in one; as PID 1 of a
// container it reaps what others leave behind. Blocking; the process's main
// thread.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/home.h"

namespace daemon_ {

struct ForegroundPlan {
  // Apps as JSON objects in the keys of the app configuration, as those of
  // control::StartRequest.
  std::vector<std::string> definitions;
  // What all of them inherit.
  std::vector<std::pair<std::string, std::string>> environment;
  // Each line is led by its app's name. Without this and `files` the apps have
  // our own stdout and stderr; one that is alone has our stdin in any case.
  bool prefix = false;
  // What they write goes to files of this home, too; none: nothing on disk.
  std::optional<base::Home> files;
  bool color = false;   // of the prefixes
  bool silent = false;  // nothing of ours on stderr but errors
};

// Ends when no app runs any more and none is to be started again. The exit code
// is that of the app that ended last: its own, 128+n when a signal ended it,
// 127 when it could not be started. Before any is started: 2 when a definition
// is wrong, 1 when what it names can't be run here.
//
// SIGTERM, SIGINT and SIGQUIT go to every app, whose whole trees have ended, by
// force after their kill_timeout, when this returns. SIGHUP, SIGUSR1, SIGUSR2
// and SIGWINCH are passed on and mean nothing here.
int run_foreground(const ForegroundPlan& plan);

}  // namespace daemon_
