#pragma once
// A block that begins a member of a tar file, by POSIX's ustar. Of tar_writer
// and tar_reader alone. Bytes; nothing here is checked.

#include <cstdint>
#include <string_view>

namespace store {

inline constexpr uint64_t kTarBlock = 512;
inline constexpr std::string_view kTarMagic("ustar\0", 6);

struct TarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char rest[12];
};
static_assert(sizeof(TarHeader) == kTarBlock);

// Of all bytes, those of the checksum itself taken as blanks.
inline uint32_t tar_checksum(const TarHeader& header) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  uint32_t sum = sizeof header.checksum * ' ';
  for (size_t i = 0; i < sizeof header; ++i) sum += bytes[i];
  for (const char c : header.checksum) sum -= static_cast<unsigned char>(c);
  return sum;
}

inline uint64_t tar_padding(uint64_t size) {
  return (kTarBlock - size % kTarBlock) % kTarBlock;
}

}  // namespace store
