#pragma once
// Little-endian numbers to and from bytes, for the formats of files. Unpacking
// checks before it reads, and then goes on giving zeros: one look at ok() at
// the end tells whether all was there. Pure; any thread.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace store {

template <std::unsigned_integral T>
void pack(std::string& into, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    into += static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
}

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  T take() {
    const auto from = take_bytes(sizeof(T));
    T value = 0;
    for (size_t i = 0; i < from.size(); ++i)
      value =
          static_cast<T>(value | T{static_cast<uint8_t>(from[i])} << (8 * i));
    return value;
  }
  // `count` bytes; none when there are fewer.
  std::string_view take_bytes(uint64_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  // 7 bits a byte, the lowest first; at most 10 bytes.
  uint64_t take_varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = take<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

inline void pack_varint(std::string& into, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    into += static_cast<char>(static_cast<uint8_t>(value | 0x80));
  into += static_cast<char>(static_cast<uint8_t>(value));
}

}  // namespace store
