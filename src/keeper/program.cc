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
// NUL.
using Header = std::array<uint32_t, 4>;
constexpr uint32_t kMagic = 0x4750444c;  // "LDPG"
constexpr uint32_t kVersion = 1;
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

}  // namespace

base::Result<base::UniqueFd> encode_program(const Program& program) {
  base::UniqueFd fd(::memfd_create("lodge-program", MFD_CLOEXEC));
  if (!fd) return base::fail(base::fs::errno_error(errno, "memfd_create", ""));
  const Header header = {kMagic, kVersion,
                         static_cast<uint32_t>(program.argv.size()),
                         static_cast<uint32_t>(program.env.size())};
  std::string block(reinterpret_cast<const char*>(header.data()),
                    sizeof header);
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
  if (header[0] != kMagic || header[1] != kVersion) return bad();
  std::string_view rest = block;
  rest.remove_prefix(sizeof header);
  Program program;
  if (!take(rest, program.path) || !take(rest, program.cwd) ||
      !take(rest, header[2], program.argv) ||
      !take(rest, header[3], program.env) || program.argv.empty())
    return bad();
  return program;
}

}  // namespace keeper
