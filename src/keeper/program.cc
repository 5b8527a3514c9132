#include "keeper/program.h"

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/fs.h"

namespace keeper {
namespace {

// magic, version, argc, envc; then path, cwd, argv..., env..., each ended by
// NUL. Version 2 has an Extra and its groups after the header, version 3 then a
// count of ResourceLimits, these, and the control group, ended by NUL. Each is
// written only when it says something, so that a keeper that is older reads the
// rest.
using Header = std::array<uint32_t, 4>;
constexpr uint32_t kMagic = 0x4750444c;  // "LDPG"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kWithExtra = 2;
constexpr uint32_t kWithLimits = 3;
struct Extra {
  uint32_t has_user = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t groups = 0;
  uint32_t pty = 0;
};
constexpr uint32_t kMaxLimits = 64;
constexpr uint32_t kMaxGroups = 65'536;  // NGROUPS_MAX
constexpr size_t kMaxSize = size_t{16} << 20;

bool take(std::string_view& rest, std::string& into) {
  const auto end = rest.find('\0');
  if (end == rest.npos) return false;
  into = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

bool take(std::string_view& rest, uint32_t count,
          std::vector<std::string>& into) {
  for (uint32_t i = 0; i < count; ++i)
    if (!take(rest, into.emplace_back())) return false;
  return true;
}

std::string print_extra(const Program& program) {
  Extra extra;
  extra.pty = program.pty;
  std::string groups;
  if (program.user) {
    extra.has_user = 1;
    extra.uid = program.user->uid;
    extra.gid = program.user->gid;
    extra.groups = static_cast<uint32_t>(program.user->groups.size());
    groups.assign(reinterpret_cast<const char*>(program.user->groups.data()),
                  program.user->groups.size() * sizeof(gid_t));
  }
  return std::string(reinterpret_cast<const char*>(&extra), sizeof extra) +
         groups;
}

bool take_extra(std::string_view& rest, Program& program) {
  Extra extra;
  if (rest.size() < sizeof extra) return false;
  std::memcpy(&extra, rest.data(), sizeof extra);
  rest.remove_prefix(sizeof extra);
  program.pty = extra.pty != 0;
  const size_t size = extra.groups * sizeof(gid_t);
  if (extra.groups > kMaxGroups || rest.size() < size) return false;
  if (extra.has_user != 0) {
    program.user = User{extra.uid, extra.gid, std::vector<gid_t>(extra.groups)};
    if (size > 0) std::memcpy(program.user->groups.data(), rest.data(), size);
  }
  rest.remove_prefix(size);
  return true;
}

std::string print_limits(const Program& program) {
  const auto count = static_cast<uint32_t>(program.limits.size());
  std::string text(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& limit : program.limits)
    for (const uint64_t value :
         {uint64_t{limit.resource}, limit.soft, limit.hard})
      text.append(reinterpret_cast<const char*>(&value), sizeof value);
  return text.append(program.group.c_str(), program.group.size() + 1);
}

bool take_limits(std::string_view& rest, Program& program) {
  uint32_t count = 0;
  if (rest.size() < sizeof count) return false;
  std::memcpy(&count, rest.data(), sizeof count);
  rest.remove_prefix(sizeof count);
  std::array<uint64_t, 3> values;
  if (count > kMaxLimits || rest.size() < count * sizeof values) return false;
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(values.data(), rest.data(), sizeof values);
    rest.remove_prefix(sizeof values);
    program.limits.push_back(
        {static_cast<uint32_t>(values[0]), values[1], values[2]});
  }
  return take(rest, program.group);
}

}  // namespace

base::Result<base::UniqueFd> encode_program(const Program& program) {
  base::UniqueFd fd(::memfd_create("lodge-program", MFD_CLOEXEC));
  if (!fd) return base::fail(base::fs::errno_error(errno, "memfd_create", ""));
  const bool limits = !program.limits.empty() || !program.group.empty();
  const bool extra = program.user || program.pty || limits;
  const Header header = {kMagic,
                         limits  ? kWithLimits
                         : extra ? kWithExtra
                                 : kVersion,
                         static_cast<uint32_t>(program.argv.size()),
                         static_cast<uint32_t>(program.env.size())};
  std::string block(reinterpret_cast<const char*>(header.data()),
                    sizeof header);
  if (extra) block += print_extra(program);
  if (limits) block += print_limits(program);
  const auto add = [&](const std::string& text) {
    // A NUL inside would end the string early, in exec too.
    block.append(text.c_str()).push_back('\0');
  };
  add(program.path);
  add(program.cwd);
  for (const auto& word : program.argv) add(word);
  for (const auto& entry : program.env) add(entry);
  auto written = base::fs::write_all(fd.get(), block, "program");
  if (!written) return base::fail(std::move(written.error()));
  return fd;
}

base::Result<Program> decode_program(int memfd) {
  const auto bad = [] {
    return base::fail(base::Errc::Invalid, "program: damaged");
  };
  auto info = base::fs::fstat(memfd, "program");
  if (!info) return base::fail(std::move(info.error()));
  const auto size = static_cast<size_t>(info->st_size);
  Header header;
  if (size < sizeof header || size > kMaxSize) return bad();
  std::string block(size, '\0');
  auto n = base::fs::pread(memfd, block, 0, "program");
  if (!n || *n != size) return bad();
  std::memcpy(header.data(), block.data(), sizeof header);
  if (header[0] != kMagic) return bad();
  if (header[1] < kVersion || header[1] > kWithLimits) return bad();
  std::string_view rest = block;
  rest.remove_prefix(sizeof header);
  Program program;
  if (header[1] >= kWithExtra && !take_extra(rest, program)) return bad();
  if (header[1] >= kWithLimits && !take_limits(rest, program)) return bad();
  if (!take(rest, program.path) || !take(rest, program.cwd) ||
      !take(rest, header[2], program.argv) ||
      !take(rest, header[3], program.env) || program.argv.empty())
    return bad();
  return program;
}

}  // namespace keeper
