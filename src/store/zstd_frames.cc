#include "store/zstd_frames.h"

#include <algorithm>

#include "base/fs.h"
#include "store/packing.h"

namespace store {
namespace {

using base::Errc;

constexpr uint32_t kMagic = 0xFD2FB528;
constexpr std::string_view kMagicBytes = "\x28\xb5\x2f\xfd";
constexpr uint32_t kSkippable = 0x184D2A50;  // and the 15 after it
constexpr uint64_t kMostBlock = 128 << 10;
// A file may be made to hold any number of places that look like frames.
constexpr int kMostTries = 4096;

// A file's bytes, with a buffer for reading on.
class Bytes {
 public:
  Bytes(int fd, const std::string& name, uint64_t size)
      : fd_(fd), name_(name), size_(size) {}

  // Up to `count` from `offset` on, fewer at the end of the file.
  base::Result<std::string_view> at(uint64_t offset, size_t count) {
    if (offset >= size_) return std::string_view();
    count = static_cast<size_t>(std::min<uint64_t>(count, size_ - offset));
    if (offset < begin_ || offset + count > begin_ + buffer_.size()) {
      begin_ = offset;
      buffer_.resize(static_cast<size_t>(
          std::min<uint64_t>(std::max(count, kBuffer), size_ - offset)));
      size_t done = 0;
      while (done < buffer_.size()) {
        auto n = base::fs::pread(fd_, std::span(buffer_).subspan(done),
                                 offset + done, name_);
        if (!n) {
          buffer_.clear();
          return base::fail(std::move(n.error()));
        }
        if (*n == 0) break;
        done += *n;
      }
      buffer_.resize(done);
    }
    return std::string_view(buffer_).substr(offset - begin_, count);
  }
  uint64_t size() const { return size_; }

 private:
  static constexpr size_t kBuffer = 64 << 10;
  int fd_;
  const std::string& name_;
  uint64_t size_;
  uint64_t begin_ = 0;
  std::string buffer_;
};

bool is_skippable(uint32_t magic) {
  return (magic & 0xfffffff0) == kSkippable;
}

class Walk {
 public:
  Walk(int fd, const std::string& name, uint64_t size,
       const std::function<bool(const FoundFrame&)>& decodes)
      : bytes_(fd, name, size), name_(name), decodes_(decodes) {}

  base::Result<FoundFrames> run() {
    uint64_t at = 0;
    while (at < bytes_.size()) {
      auto next = step(at);
      if (!next) return base::fail(std::move(next.error()));
      if (!*next) {
        note(at, "damaged or cut off");
        next = search(at + 1);
        if (!next) return base::fail(std::move(next.error()));
        if (!*next) break;
      }
      at = **next;
    }
    return std::move(found_);
  }

 private:
  void note(uint64_t offset, std::string_view what) {
    found_.problems.push_back(damage(name_, offset, what));
  }

  // Takes the frame at `at`, and says where it ends; nullopt when there is no
  // whole one.
  base::Result<std::optional<uint64_t>> step(uint64_t at) {
    auto head = bytes_.at(at, kMostZstdHeader);
    if (!head) return base::fail(std::move(head.error()));
    Unpacker from(*head);
    const auto magic = from.take<uint32_t>();
    if (is_skippable(magic)) {
      const uint64_t end = at + 8 + from.take<uint32_t>();
      if (!from.ok() || end > bytes_.size()) return std::nullopt;
      return end;
    }
    const auto header = parse_zstd_header(*head);
    if (!header) return std::nullopt;
    const auto refused = why_refused(*header);
    auto end = find_end(at, *header);
    if (!end) return end;
    if (refused) {
      note(at, *refused);
      return *end ? end : search(at + 1);
    }
    if (!*end) return end;
    const FoundFrame frame{at, **end - at, *header->content};
    if (frame.stored > kMostStored) {
      note(at, "a frame larger than any of ours");
      return end;
    }
    // What follows is no frame: is it this one's fault?
    auto sound = begins_frame(**end);
    if (!sound) return base::fail(std::move(sound.error()));
    if (!*sound && !decodes_(frame)) return std::nullopt;
    if (frame.size > 0) found_.frames.push_back(frame);
    return end;
  }

  base::Result<bool> begins_frame(uint64_t at) {
    if (at == bytes_.size()) return true;
    auto head = bytes_.at(at, 4);
    if (!head) return base::fail(std::move(head.error()));
    Unpacker from(*head);
    const auto magic = from.take<uint32_t>();
    return from.ok() && (magic == kMagic || is_skippable(magic));
  }

  // By the sizes of its blocks.
  base::Result<std::optional<uint64_t>> find_end(uint64_t begin,
                                                 const ZstdHeader& header) {
    uint64_t at = begin + header.size;
    for (bool last = false; !last;) {
      auto bytes = bytes_.at(at, 3);
      if (!bytes) return base::fail(std::move(bytes.error()));
      Unpacker from(*bytes);
      const uint32_t low = from.take<uint16_t>();
      const uint32_t block = low | uint32_t{from.take<uint8_t>()} << 16;
      if (!from.ok()) return std::nullopt;
      last = (block & 1) != 0;
      const uint32_t type = block >> 1 & 3;
      const uint32_t size = block >> 3;
      if (type == 3 || size > kMostBlock) return std::nullopt;
      at += 3 + (type == 1 ? 1 : size);
      if (at > bytes_.size()) return std::nullopt;
    }
    if (header.has_checksum) at += 4;
    if (at > bytes_.size()) return std::nullopt;
    return at;
  }

  // The next place where a frame begins that can be decoded.
  base::Result<std::optional<uint64_t>> search(uint64_t at) {
    while (at + kMagicBytes.size() <= bytes_.size()) {
      auto bytes = bytes_.at(at, 32 << 10);
      if (!bytes) return base::fail(std::move(bytes.error()));
      const size_t hit = bytes->find(kMagicBytes);
      if (hit == bytes->npos) {
        if (bytes->size() < kMagicBytes.size()) break;
        at += bytes->size() - kMagicBytes.size() + 1;
        continue;
      }
      at += hit;
      auto good = is_good(at);
      if (!good) return base::fail(std::move(good.error()));
      if (*good) return at;
      if (tries_ >= kMostTries) {
        note(at, "too much damage: not searched from here on");
        return std::nullopt;
      }
      ++at;
    }
    return std::nullopt;
  }

  base::Result<bool> is_good(uint64_t at) {
    auto head = bytes_.at(at, kMostZstdHeader);
    if (!head) return base::fail(std::move(head.error()));
    const auto header = parse_zstd_header(*head);
    if (!header || why_refused(*header)) return false;
    auto end = find_end(at, *header);
    if (!end) return base::fail(std::move(end.error()));
    if (!*end || **end - at > kMostStored) return false;
    ++tries_;
    return decodes_({at, **end - at, *header->content});
  }

  Bytes bytes_;
  const std::string& name_;
  const std::function<bool(const FoundFrame&)>& decodes_;
  FoundFrames found_;
  int tries_ = 0;
};

}  // namespace

base::Error damage(const std::string& name, uint64_t offset,
                   std::string_view what) {
  return {
      Errc::Invalid,
      0,
      name + ": offset " + std::to_string(offset) + ": " + std::string(what),
      {}};
}

std::optional<ZstdHeader> parse_zstd_header(std::string_view bytes) {
  Unpacker from(bytes);
  if (from.take<uint32_t>() != kMagic) return std::nullopt;
  const auto descriptor = from.take<uint8_t>();
  const bool single = (descriptor & 0x20) != 0;
  if ((descriptor & 0x08) != 0) return std::nullopt;  // reserved
  ZstdHeader header;
  header.has_checksum = (descriptor & 0x04) != 0;
  if (!single) {
    const auto window = from.take<uint8_t>();
    const uint64_t base = uint64_t{1} << (10 + (window >> 3));
    header.window = base + base / 8 * (window & 7);
  }
  static constexpr size_t kDictionary[] = {0, 1, 2, 4};
  const auto dictionary = from.take_bytes(kDictionary[descriptor & 3]);
  header.has_dictionary = dictionary.find_first_not_of('\0') != dictionary.npos;
  switch (descriptor >> 6) {
    case 0:
      if (single) header.content = from.take<uint8_t>();
      break;
    case 1:
      header.content = uint64_t{from.take<uint16_t>()} + 256;
      break;
    case 2:
      header.content = from.take<uint32_t>();
      break;
    default:
      header.content = from.take<uint64_t>();
  }
  if (!from.ok()) return std::nullopt;
  if (single) header.window = *header.content;
  header.size = bytes.size() - from.left();
  return header;
}

std::optional<std::string> why_refused(const ZstdHeader& header) {
  if (!header.content) return "a frame that does not say its size";
  if (*header.content > kMostInFrame)
    return "a frame of " + std::to_string(*header.content) +
           " bytes, more than any of ours";
  if (header.window > kMostInFrame)
    return "a frame that takes a window of " + std::to_string(header.window) +
           " bytes";
  if (header.has_dictionary) return "a frame that takes a dictionary";
  if (!header.has_checksum) return "a frame without a checksum";
  return std::nullopt;
}

base::Result<FoundFrames> walk_frames(
    int fd, const std::string& name, uint64_t file_size,
    const std::function<bool(const FoundFrame&)>& decodes) {
  return Walk(fd, name, file_size, decodes).run();
}

}  // namespace store
