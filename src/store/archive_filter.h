#pragma once
// The substring filter of an archive. For each group of up to 64 frames a table
// of rows, each with a bit a frame: a frame's keys (grams.h) set its bit in the
// rows that they fall on, so a frame may hold a literal only when its bit is
// set in the row of each of the literal's keys. Keys that are in half of the
// group's frames or more would fill the rows and tell little: they are kept
// apart, as "common", and let every frame pass.
// One thread each.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/archive_index.h"
#include "store/grams.h"

namespace store {

// Groups of fewer frames have no common keys.
inline constexpr uint32_t kLeastGroupWithCommon = 16;

// The writing side, of one group after another.
class FilterBuilder {
 public:
  explicit FilterBuilder(double density) : density_(density) {}

  // All clear; set by the grams of the group's next frame. Valid until close().
  GramBits& next_frame();
  uint32_t frames() const { return frames_; }

  // Appends the group's rows and common keys to `index`, in at most `budget`
  // bytes of the archive, sums and record included: with fewer rows than were
  // right when they don't fit, with none when that would tell nothing.
  FilterGroup close(std::string& index, double budget);

 private:
  double density_;
  uint32_t frames_ = 0;
  std::vector<std::unique_ptr<GramBits>> bits_;
};

// The reading side of one group. Reads, verified, what a question needs.
class FilterLookup {
 public:
  // `at`: where in the file the index begins.
  FilterLookup(int fd, std::string_view name, const FilterGroup& group,
               uint64_t at)
      : fd_(fd), name_(name), group_(group), at_(at) {}

  // A bit each for frames that may hold all of `keys`; `joined` has the bit of
  // each frame that goes on in the next one of this group, whose keys count for
  // both. An error when the bytes can't be had or are damaged.
  base::Result<uint64_t> find(std::span<const uint32_t> keys, uint64_t joined);

  // Every byte, against its sums.
  base::Status verify();

 private:
  base::Result<std::vector<uint32_t>> without_common(
      std::span<const uint32_t> keys);
  base::Status load_block(uint32_t block);
  base::Status read(uint64_t at, uint64_t size, uint64_t sum);

  int fd_;
  std::string_view name_;
  const FilterGroup& group_;
  uint64_t at_;
  std::string bytes_;
  uint32_t loaded_ = UINT32_MAX;  // the block in bytes_
};

// All `into`, or an error.
base::Status read_exactly(int fd, std::span<char> into, uint64_t offset,
                          std::string_view name);

}  // namespace store
