#include "daemon/users.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>

namespace daemon_ {
namespace {

std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  // The highest is "no change" to the kernel.
  if (read.ec != std::errc{} || read.ptr != end || number == ~0U) return {};
  return number;
}

const passwd* find_user(const std::string& uid) {
  if (uid.empty()) return ::getpwuid(::geteuid());
  const auto number = number_in(uid);
  return number ? ::getpwuid(*number) : ::getpwnam(uid.c_str());
}

base::Result<gid_t> find_group(const std::string& gid) {
  if (const auto number = number_in(gid)) return *number;
  if (const group* found = ::getgrnam(gid.c_str())) return found->gr_gid;
  return base::fail(base::Errc::NotFound, "gid: " + gid + ": no such group",
                    "groups of this machine: getent group");
}

std::vector<gid_t> groups_of(const std::string& user, gid_t gid) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (::getgrouplist(user.c_str(), gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    ::getgrouplist(user.c_str(), gid, groups.data(), &count);
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}

base::Result<RunAs> look_up(const std::string& uid, const std::string& gid) {
  RunAs as;
  const passwd* const user = find_user(uid);
  if (user != nullptr) {
    as.user.uid = user->pw_uid;
    as.user.gid = user->pw_gid;
    as.name = user->pw_name;
    as.home = user->pw_dir;
  } else if (const auto number = uid.empty() ? ::geteuid() : number_in(uid)) {
    as.user.uid = *number;
    if (gid.empty())
      return base::fail(base::Errc::NotFound,
                        "uid: " + uid + ": a user without an entry",
                        "say the group too: --gid");
  } else {
    return base::fail(base::Errc::NotFound, "uid: " + uid + ": no such user",
                      "users of this machine: getent passwd");
  }
  if (!gid.empty()) {
    auto group = find_group(gid);
    if (!group) return base::fail(std::move(group.error()));
    as.user.gid = *group;
  }
  as.user.groups = as.name.empty() ? std::vector<gid_t>{as.user.gid}
                                   : groups_of(as.name, as.user.gid);
  return as;
}

}  // namespace

base::Result<std::optional<RunAs>> Users::resolve(const std::string& uid,
                                                  const std::string& gid) {
  if (uid.empty() && gid.empty()) return std::nullopt;
  auto found = known_.find({uid, gid});
  if (found == known_.end()) {
    auto as = look_up(uid, gid);
    if (!as) return base::fail(std::move(as.error()));
    found = known_.emplace(std::pair{uid, gid}, std::move(*as)).first;
  }
  const auto& user = found->second.user;
  if (user.uid == ::geteuid() && user.gid == ::getegid()) return std::nullopt;
  if (::geteuid() != 0)
    return base::fail(base::Errc::Denied,
                      "uid: only a daemon of root can run apps as " +
                          (uid.empty() ? "group " + gid : uid),
                      "sudo lodge start");
  return found->second;
}

void set_variable(std::vector<std::string>& env, std::string_view key,
                  const std::string& value) {
  const std::string start = std::string(key) + "=";
  std::erase_if(env,
                [&](const auto& entry) { return entry.starts_with(start); });
  env.push_back(start + value);
}

void set_user(std::vector<std::string>& env, const RunAs& as) {
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) set_variable(env, key, value);
  };
  set("HOME", as.home);
  set("USER", as.name);
  set("LOGNAME", as.name);
}

}  // namespace daemon_
