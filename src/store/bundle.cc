#include "store/bundle.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "base/fs.h"

namespace store {
namespace {

namespace fs = base::fs;
using base::Errc;

constexpr size_t kChunk = size_t{128} << 10;
constexpr uint64_t kMostBehind = uint64_t{16} << 20;

std::string hex_of(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

class Unpacking {
 public:
  Unpacking(int fd, const std::string& name, const std::string& dir,
            const UnpackLimits& limits)
      : dir_(dir),
        limits_(limits),
        zstd_([fd, &name](std::span<char> into) {
          return fs::read(fd, into, name);
        }),
        tar_([this](std::span<char> into) { return zstd_.read(into); }),
        left_(limits.bytes) {}

  base::Status run() {
    for (;;) {
      auto member = tar_.next();
      if (!member) return base::fail(std::move(member.error()));
      if (!*member) return drain();
      if (files_++ >= limits_.files)
        return base::fail(
            Errc::Invalid,
            fmt::format("tar: refused: more than {} files", limits_.files));
      auto done = (*member)->is_dir ? make_dir(**member) : make_file(**member);
      if (!done) return done;
    }
  }

 private:
  // Behind the tar's end: the blanks it may be filled up with, and the sum of
  // all that was read.
  base::Status drain() {
    for (uint64_t bytes = 0; bytes < kMostBehind;) {
      auto n = zstd_.read(buffer_);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0) return {};
      bytes += *n;
    }
    return base::fail(Errc::Invalid, "tar: refused: goes on behind its end");
  }

  base::Status make_dir(const TarMember& member) {
    if (member.name.empty()) return {};
    return fs::make_dirs(fs::join(dir_, member.name));
  }

  base::Status check_room(const TarMember& member) {
    const auto space = fs::space(dir_);
    const uint64_t free =
        space ? space->free - std::min(space->free, limits_.spare) : 0;
    if (member.size <= std::min(left_, free)) return {};
    return base::fail(
        Errc::Invalid,
        fmt::format("tar: refused: '{}' has {} bytes, {}", member.name,
                    member.size,
                    member.size > left_ ? "too many for a report"
                                        : "more than the disk has room for"),
        "elsewhere: TMPDIR=/a/larger/disk");
  }

  base::Status make_file(const TarMember& member) {
    if (auto room = check_room(member); !room) return room;
    const std::string path = fs::join(dir_, member.name);
    if (auto made = fs::make_dirs(fs::dir_name(path)); !made) return made;
    // Nothing that is there is written to: neither an earlier file of that
    // name nor what somebody may have put in its place.
    auto file = fs::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!file && file.error().code == Errc::Exists)
      return base::fail(
          Errc::Invalid,
          fmt::format("tar: refused: '{}' is there twice", member.name));
    if (!file) return base::fail(std::move(file.error()));
    left_ -= member.size;
    for (;;) {
      auto n = tar_.read(buffer_);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0) return fs::close(std::move(*file), path);
      auto written = fs::write_all(file->get(),
                                   std::string_view(buffer_.data(), *n), path);
      if (!written) return written;
    }
  }

  const std::string& dir_;
  const UnpackLimits& limits_;
  ZstdSource zstd_;
  TarReader tar_;
  uint64_t left_;
  uint64_t files_ = 0;
  std::string buffer_ = std::string(kChunk, '\0');
};

}  // namespace

struct BundleWriter::Sum {
  XXH3_state_t state;
};

BundleWriter::BundleWriter(int fd, std::string name, base::Timestamp now)
    : name_(std::move(name)),
      now_(now),
      packed_([this, fd](std::string_view bytes) {
        written_ += bytes.size();
        return fs::write_all(fd, bytes, name_);
      }),
      tar_([this](std::string_view bytes) { return packed_.write(bytes); }),
      sum_(std::make_unique<Sum>()) {}
BundleWriter::~BundleWriter() = default;

base::Status BundleWriter::add(std::string_view name, std::string_view bytes) {
  if (auto begun = begin(name, bytes.size()); !begun) return begun;
  if (auto written = write(bytes); !written) return written;
  return end();
}

base::Status BundleWriter::begin(std::string_view name, uint64_t size) {
  file_ = name;
  XXH3_128bits_reset(&sum_->state);
  return tar_.begin(name, size, now_);
}

base::Status BundleWriter::write(std::string_view bytes) {
  XXH3_128bits_update(&sum_->state, bytes.data(), bytes.size());
  return tar_.write(bytes);
}

base::Status BundleWriter::end() {
  if (tar_.left() > 0)
    return base::fail(Errc::Invalid, file_ + ": fewer bytes than were told");
  sums_ +=
      fmt::format("{}  {}\n", hex_of(XXH3_128bits_digest(&sum_->state)), file_);
  return {};
}

base::Status BundleWriter::finish() {
  if (auto begun = tar_.begin(kSumsName, sums_.size(), now_); !begun)
    return begun;
  if (auto written = tar_.write(sums_); !written) return written;
  if (auto ended = tar_.finish(); !ended) return ended;
  return packed_.finish();
}

base::Status unpack_bundle(int fd, const std::string& name,
                           const std::string& dir, const UnpackLimits& limits) {
  auto done = Unpacking(fd, name, dir, limits).run();
  if (!done) return base::pass(std::move(done), name);
  return {};
}

}  // namespace store
