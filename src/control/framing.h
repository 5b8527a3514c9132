#pragma once
// Frames: how one message follows another on the control socket. A frame is an
// 8-byte header and its payload:
//
//   'L' 'G' major minor length[4, little-endian] payload[length]
//
// Another major number is refused, another minor one is read: a newer minor
// adds members, which older readers ignore. Pure; no thread of its own.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace control {

inline constexpr uint8_t kMajor = 1;
inline constexpr uint8_t kMinor = 0;
inline constexpr size_t kHeaderSize = 8;
// Caps on a payload, in bytes. The daemon holds a request in memory for anyone
// who may connect; a reply goes to a process that ends with it.
inline constexpr size_t kRequestCap = size_t{16} << 20;
inline constexpr size_t kReplyCap = size_t{64} << 20;

// Errc::Invalid when the payload is larger than `cap`.
base::Result<std::string> make_frame(std::string_view payload, size_t cap);

// Finds frames in a stream that comes in pieces of any size. Memory follows
// what was received, never what a header promises.
class FrameReader {
 public:
  explicit FrameReader(size_t cap) : cap_(cap) {}

  void feed(std::string_view bytes);
  // The next whole payload; nothing while it is incomplete. Errc::Invalid for
  // bytes that are not ours, as early as they show: the stream is then useless
  // and every later call fails alike.
  base::Result<std::optional<std::string>> next();

  // Something was received that is not a whole frame yet.
  bool in_frame() const { return !buffer_.empty(); }

 private:
  base::Status check_header() const;

  size_t cap_;
  std::string buffer_;
};

}  // namespace control
