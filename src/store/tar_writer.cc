#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "store/tar.h"
#include "store/tar_header.h"

namespace store {
namespace {

constexpr std::string_view kZeros(
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);

void put(std::span<char> field, std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), field.size()), field.begin());
}

// Octal with a NUL behind it; what is too large for that in binary, as GNU tar
// has it and every other reads.
void put_number(std::span<char> field, uint64_t value) {
  const std::string octal =
      fmt::format("{:0{}o}", value, static_cast<int>(field.size() - 1));
  if (octal.size() < field.size()) return put(field, octal);
  for (size_t i = field.size(); i-- > 1; value >>= 8)
    field[i] = static_cast<char>(value & 0xff);
  field[0] = static_cast<char>(0x80);
}

// A long name is cut in two at a slash.
bool put_name(TarHeader& header, std::string_view name) {
  if (name.size() <= sizeof header.name) {
    put(header.name, name);
    return true;
  }
  const auto slash = name.find('/', name.size() - sizeof header.name - 1);
  if (slash == name.npos || slash == 0 || slash > sizeof header.prefix ||
      slash + 1 == name.size())
    return false;
  put(header.prefix, name.substr(0, slash));
  put(header.name, name.substr(slash + 1));
  return true;
}

}  // namespace

base::Status TarWriter::begin(std::string_view name, uint64_t size,
                              base::Timestamp modified) {
  if (auto ended = end_file(); !ended) return ended;
  TarHeader header{};
  if (name.empty() || !put_name(header, name))
    return base::fail(base::Errc::Invalid,
                      fmt::format("tar: {}: too long a name", name));
  put_number(header.mode, 0600);
  put_number(header.uid, 0);
  put_number(header.gid, 0);
  put_number(header.size, size);
  put_number(
      header.mtime,
      static_cast<uint64_t>(std::max<int64_t>(modified.us, 0)) / 1'000'000);
  header.type = '0';
  put(header.magic, kTarMagic);
  put(header.version, "00");
  put_number(std::span(header.checksum).first(7), tar_checksum(header));
  header.checksum[7] = ' ';
  left_ = size;
  padding_ = tar_padding(size);
  return sink_({reinterpret_cast<const char*>(&header), sizeof header});
}

base::Status TarWriter::write(std::string_view bytes) {
  if (bytes.size() > left_)
    return base::fail(base::Errc::Invalid, "tar: more bytes than were told");
  left_ -= bytes.size();
  return sink_(bytes);
}

base::Status TarWriter::end_file() {
  if (left_ > 0)
    return base::fail(base::Errc::Invalid, "tar: fewer bytes than were told");
  while (padding_ > 0) {
    const auto size = std::min<uint64_t>(padding_, kZeros.size());
    if (auto put = sink_(kZeros.substr(0, size)); !put) return put;
    padding_ -= size;
  }
  return {};
}

base::Status TarWriter::finish() {
  if (auto ended = end_file(); !ended) return ended;
  padding_ = 2 * kTarBlock;
  return end_file();
}

}  // namespace store
