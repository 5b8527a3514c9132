// Entry point: `lodge keeper HOME` and `lodge daemon HOME` are started by
// Lodge itself, with a descriptor 3 to talk through, or as a keeper that was
// another program before; all else is a command.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "base/fs.h"
#include "base/home.h"
#include "base/unique_fd.h"
#include "cli/run.h"
#include "daemon/daemon.h"
#include "daemon/foreground.h"
#include "keeper/keeper.h"
#include "notify/notifier.h"
#include "notify/post.h"

namespace {

constexpr int kInherited = 3;

bool is_internal(int argc, char** argv, std::string_view role) {
  struct stat info;
  return argc >= 3 && role == argv[1] && argv[2][0] == '/' &&
         ::fstat(kInherited, &info) == 0 &&
         (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

bool is_internal_pipe(const char* home) {
  struct stat info;
  return home[0] == '/' && ::fstat(0, &info) == 0 && S_ISFIFO(info.st_mode);
}

// Whichever of stdin, stdout and stderr the caller closed would be the first
// file or socket that we open, and what we say there would go into it. These
// read as empty and refuse what is written (as gnulib's stdopen has it).
void fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (auto null = base::fs::open("/dev/null", O_RDONLY))
      (void)null->release();
  }
}

int dispatch(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "keeper" &&
      keeper::is_resume(argv[3]))
    return keeper::resume(base::Home(argv[2]), argv[3]);
  if (argc == 3 && is_internal(argc, argv, "keeper")) {
    ::fcntl(kInherited, F_SETFD, FD_CLOEXEC);
    return keeper::run(base::Home(argv[2]), base::UniqueFd(kInherited));
  }
  const bool safe = argc == 4 && std::string_view(argv[3]) == "--safe";
  if ((argc == 3 || safe) && is_internal(argc, argv, "daemon")) {
    ::fcntl(kInherited, F_SETFD, FD_CLOEXEC);
    base::UniqueFd channel(kInherited);
    return safe ? daemon_::run_safe(base::Home(argv[2]), std::move(channel))
                : daemon_::run(base::Home(argv[2]), std::move(channel));
  }
  if (argc == 3 && std::string_view(argv[1]) == "notifier") {
    if (std::string_view(argv[2]) == "--post") return notify::run_post();
    if (is_internal_pipe(argv[2]))
      return notify::run_notifier(base::Home(argv[2]));
  }
  return cli::run(argc, argv, [](const cli::ForegroundApps& apps) {
    return daemon_::run_foreground({apps.definitions, apps.environment,
                                    apps.prefix, apps.files, apps.color,
                                    apps.silent});
  });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    fill_standard_descriptors();
    return dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lodge: internal error: %s\n", error.what());
  } catch (...) {
    std::fputs("lodge: internal error\n", stderr);
  }
  return 70;
}
