#include "base/pty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include <cerrno>

#include "base/fs.h"

namespace base {

Result<Pty> make_pty() {
  const auto failed = [](std::string_view call, int number) {
    return fail(fs::errno_error(number, call, "pty"));
  };
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return failed("openpt", errno);
  if (::grantpt(master.get()) < 0) return failed("grantpt", errno);
  if (::unlockpt(master.get()) < 0) return failed("unlockpt", errno);
  char name[64];
  if (const int error = ::ptsname_r(master.get(), name, sizeof name))
    return failed("ptsname", error);
  auto slave = fs::open(name, O_RDWR);
  if (!slave) return fail(std::move(slave.error()));
  termios mode{};
  if (::tcgetattr(slave->get(), &mode) < 0) return failed("tcgetattr", errno);
  mode.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (::tcsetattr(slave->get(), TCSANOW, &mode) < 0)
    return failed("tcsetattr", errno);
  return Pty{std::move(master), std::move(*slave)};
}

}  // namespace base
