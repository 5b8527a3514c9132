#include "control/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace control {
namespace {

constexpr std::string_view kMagic = "LG";
constexpr size_t kMajorAt = 2;
constexpr size_t kLengthAt = 4;

size_t payload_size(std::string_view header) {
  size_t size = 0;
  for (size_t i = 0; i < 4; ++i)
    size |= size_t{static_cast<unsigned char>(header[kLengthAt + i])}
            << (8 * i);
  return size;
}

base::Error too_large(size_t size, size_t cap) {
  return {base::Errc::Invalid, 0,
          fmt::format("message of {} bytes; at most {} are allowed", size, cap),
          "split the request, or make the environment smaller"};
}

}  // namespace

base::Result<std::string> make_frame(std::string_view payload, size_t cap) {
  if (payload.size() > cap) return base::fail(too_large(payload.size(), cap));
  std::string frame;
  frame.reserve(kHeaderSize + payload.size());
  frame += kMagic;
  frame += static_cast<char>(kMajor);
  frame += static_cast<char>(kMinor);
  for (size_t i = 0; i < 4; ++i)
    frame += static_cast<char>(payload.size() >> (8 * i) & 0xFF);
  frame += payload;
  return frame;
}

void FrameReader::feed(std::string_view bytes) {
  buffer_ += bytes;
}

base::Status FrameReader::check_header() const {
  const std::string_view head(buffer_);
  const size_t known = std::min(head.size(), kMagic.size());
  if (head.substr(0, known) != kMagic.substr(0, known))
    return base::fail(base::Errc::Invalid, "not the language of lodge",
                      "the control socket is for the lodge command alone");
  if (head.size() > kMajorAt) {
    const auto major = static_cast<unsigned char>(head[kMajorAt]);
    if (major != kMajor)
      return base::fail(
          base::Errc::Invalid,
          fmt::format("protocol {}, and this lodge speaks {}", major, kMajor),
          "command and daemon are of different versions: restart the daemon "
          "with the one that is installed (lodge kill, lodge start)");
  }
  if (head.size() >= kHeaderSize && payload_size(head) > cap_)
    return base::fail(too_large(payload_size(head), cap_));
  return {};
}

base::Result<std::optional<std::string>> FrameReader::next() {
  if (auto good = check_header(); !good)
    return base::fail(std::move(good.error()));
  if (buffer_.size() < kHeaderSize) return std::nullopt;
  const size_t whole = kHeaderSize + payload_size(buffer_);
  if (buffer_.size() < whole) return std::nullopt;
  if (buffer_.size() == whole) {  // most often: no copy of it
    buffer_.erase(0, kHeaderSize);
    return std::exchange(buffer_, {});
  }
  std::string payload = buffer_.substr(kHeaderSize, whole - kHeaderSize);
  buffer_.erase(0, whole);
  return payload;
}

}  // namespace control
