#include "support/lines/truth.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/fs.h"

namespace support {
namespace {

size_t digits(uint64_t number) {
  size_t count = 1;
  while (number >= 10) {
    number /= 10;
    ++count;
  }
  return count;
}

}  // namespace

std::string_view source_stream_name(SourceStream stream) {
  return stream == SourceStream::Out ? "out" : "error";
}

base::Result<TruthMap> TruthMap::map(const std::string& path, int flags) {
  auto fd = base::fs::open(path, flags);
  if (!fd) return base::pass(std::move(fd), "truth");
  auto info = base::fs::fstat(fd->get(), path);
  if (!info) return base::pass(std::move(info), "truth");
  if ((flags & O_CREAT) != 0) {
    auto sized = base::fs::truncate(fd->get(), sizeof(TruthFile), path);
    if (!sized) return base::pass(std::move(sized), "truth");
  } else if (info->st_size != sizeof(TruthFile)) {
    return base::fail(base::Errc::Invalid, "truth: " + path + ": wrong size");
  }
  void* const address =
      ::mmap(nullptr, sizeof(TruthFile), PROT_READ | PROT_WRITE, MAP_SHARED,
             fd->get(), 0);
  if (address == MAP_FAILED)
    return base::fail(base::fs::errno_error(errno, "mmap", path));
  return TruthMap(static_cast<TruthFile*>(address));
}

base::Result<TruthMap> TruthMap::create(const std::string& path) {
  return map(path, O_RDWR | O_CREAT);
}

base::Result<TruthMap> TruthMap::open(const std::string& path) {
  auto truth = map(path, O_RDWR);
  if (truth && (*truth)->magic != TruthFile::kMagic)
    return base::fail(base::Errc::Invalid, "truth: " + path + ": not a truth");
  return truth;
}

TruthMap::~TruthMap() {
  if (file_ != nullptr) ::munmap(file_, sizeof(TruthFile));
}

TruthMap::TruthMap(TruthMap&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)) {}

TruthMap& TruthMap::operator=(TruthMap&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

LineShape::LineShape(std::string_view source, uint64_t run, SourceStream stream,
                     uint64_t least_padding, uint64_t most_padding)
    : token_(fmt::format("{}.{}.{}", source, run, source_stream_name(stream))),
      least_padding_(least_padding),
      most_padding_(std::max(least_padding, most_padding)) {}

size_t LineShape::padding(uint64_t seq) const {
  const uint64_t range = most_padding_ - least_padding_ + 1;
  const uint64_t mixed = (seq * 0x9e3779b97f4a7c15ull) >> 33;
  return least_padding_ + mixed % range;
}

void LineShape::append(uint64_t seq, std::string& into) const {
  into += "L ";
  into += token_;
  into += " ";
  into += fmt::format_int(seq).str();
  into += ' ';
  into.append(padding(seq), static_cast<char>('a' + seq % 26));
  into += " E\n";
}

size_t LineShape::size(uint64_t seq) const {
  return 2 + token_.size() + 1 + digits(seq) + 1 + padding(seq) + 3;
}

}  // namespace support
