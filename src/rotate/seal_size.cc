#include "rotate/seal_size.h"

#include <algorithm>

namespace rotate {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

}  // namespace

uint64_t storage_cap(uint64_t file_system_bytes) {
  return std::min(file_system_bytes / 10, 4096 * kMiB);
}

uint64_t default_seal_size(uint64_t cap, size_t live_files) {
  const uint64_t share = cap / (4 * std::max<uint64_t>(live_files, 1));
  return std::clamp(share, kMiB, 64 * kMiB);
}

}  // namespace rotate
