#include "base/home.h"

#include <pwd.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace base {
namespace {

std::string user_home() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return home;
  const passwd* user = ::getpwuid(::getuid());
  if (user != nullptr && user->pw_dir != nullptr) return user->pw_dir;
  return "/";
}

std::string random_id() {
  uint64_t bits[2] = {};
  (void)!::getrandom(bits, sizeof bits, 0);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx",
                static_cast<unsigned long long>(bits[0]),
                static_cast<unsigned long long>(bits[1]));
  return text;
}

Status make_parents(const std::string& path) {
  const std::string parent = fs::dir_name(path);
  if (!fs::exists(parent))
    if (auto made = make_parents(parent); !made) return made;
  return fs::make_dir(path);
}

}  // namespace

Result<Home> Home::locate(const std::string& from_flag) {
  std::string root = from_flag;
  if (root.empty()) {
    const char* variable = std::getenv("LODGE_HOME");
    root = variable != nullptr && *variable != '\0'
               ? variable
               : fs::join(user_home(), ".lodge");
  }
  std::string base = "/";
  if (root.front() != '/') {
    auto here = fs::current_dir();
    if (!here) return pass(std::move(here), "home");
    base = std::move(*here);
  }
  Home home(fs::absolute(root, base));
  home.named_ = !from_flag.empty();
  return home;
}

Status Home::make() const {
  if (auto made = make_parents(root_); !made)
    return pass(std::move(made), "home");
  auto info = fs::stat(root_);
  if (!info) return pass(std::move(info), "home");
  if (info->st_uid != ::geteuid())
    return fail(Errc::Denied, "home " + root_ + " belongs to another user",
                "run as its owner, or choose another with --home");
  // A home that was there may be open to others: who can write in it could put
  // a socket or a list of his own in our place.
  if ((info->st_mode & 077) != 0)
    if (auto closed = fs::set_mode(root_, 0700); !closed)
      return pass(std::move(closed), "home");
  for (const auto& dir : {logs(), fs::join(logs(), "archive"), run()})
    if (auto made = fs::make_dir(dir); !made)
      return pass(std::move(made), "home");
  if (fs::exists(path("id"))) return {};
  auto created = fs::create_file(path("id"), random_id() + "\n");
  // Somebody else was first: theirs is the id. Their daemon may also have
  // swept our temporary away as a leftover before it got its name.
  if (!created && !fs::exists(path("id")))
    return pass(std::move(created), "home");
  return {};
}

}  // namespace base
