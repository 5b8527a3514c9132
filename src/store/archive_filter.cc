#include "store/archive_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/fs.h"

namespace store {
namespace {

using base::Errc;

constexpr size_t kWords = kGramKeys / 64;
// Of fewer bits for each key than this nearly all are set.
constexpr double kLeastDensity = 0.3;

// Common keys on disk: how many of each 256 are, then the lower bits of each.
constexpr size_t kBuckets = kGramKeys / 256;
constexpr size_t kMostInBucket = 255;
constexpr size_t kMostCommon = kGramKeys / 8 - kBuckets;

// Keys in at least half of the frames, as bits. Counts of 64 keys at once: a
// number's bits lie in seven words.
constexpr size_t kPlanes = 7;

uint64_t at_least(const uint64_t (&planes)[kPlanes], uint32_t least) {
  uint64_t greater = 0, equal = ~uint64_t{0};
  for (size_t p = kPlanes; p-- > 0;) {
    const uint64_t wanted = (least >> p & 1) != 0 ? ~uint64_t{0} : 0;
    greater |= equal & planes[p] & ~wanted;
    equal &= ~(planes[p] ^ wanted);
  }
  return greater | equal;
}

void find_common(std::span<const std::unique_ptr<GramBits>> frames,
                 GramBits& common) {
  const auto least = static_cast<uint32_t>((frames.size() + 1) / 2);
  // So few words at a time that their counts stay in the L1 cache.
  constexpr size_t kSome = 256;
  for (size_t begin = 0; begin < kWords; begin += kSome) {
    uint64_t planes[kSome][kPlanes] = {};
    for (const auto& frame : frames)
      for (size_t w = 0; w < kSome; ++w) {
        uint64_t carry = (*frame)[begin + w];
        for (uint64_t& plane : planes[w]) {
          const uint64_t sum = plane ^ carry;
          carry &= plane;
          plane = sum;
        }
      }
    for (size_t w = 0; w < kSome; ++w)
      common[begin + w] = at_least(planes[w], least);
  }
}

template <class Each>
void for_each_bit(const GramBits& bits, Each each) {
  for (size_t w = 0; w < kWords; ++w)
    for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1)
      each(static_cast<uint32_t>(w * 64) +
           static_cast<uint32_t>(std::countr_zero(rest)));
}

// Empty when there are too many of them. What does not fit into its bucket is
// taken out of `common`.
std::string encode_common(GramBits& common) {
  std::string counts(kBuckets, '\0');
  std::string lows;
  for_each_bit(GramBits(common), [&](uint32_t key) {
    auto count = static_cast<uint8_t>(counts[key / 256]);
    if (count == kMostInBucket) {
      common[key / 64] &= ~(uint64_t{1} << (key % 64));
      return;
    }
    counts[key / 256] = static_cast<char>(++count);
    lows += static_cast<char>(static_cast<uint8_t>(key % 256));
  });
  if (lows.size() > kMostCommon) return {};
  return counts + lows;
}

uint32_t slot_of(uint32_t key, uint32_t slots) {
  return static_cast<uint32_t>(uint64_t{key} * slots >> 20);
}

// A row begins `bit` bits into a byte: so it may lie in nine of them.
constexpr size_t kRowReach = sizeof(uint64_t) + 1;

void put_row(char* at, size_t bit, uint64_t row) {
  const auto put = [](char& into, uint64_t bits) {
    into = static_cast<char>(static_cast<uint8_t>(into) | (bits & 0xff));
  };
  put(*at++, row << bit);
  for (uint64_t rest = row >> (8 - bit); rest != 0; rest >>= 8)
    put(*at++, rest);
}

uint64_t take_row(const char* at, size_t bit) {
  uint64_t low = 0;
  for (size_t i = 0; i < sizeof low; ++i)
    low |= uint64_t{static_cast<uint8_t>(at[i])} << (8 * i);
  if (bit == 0) return low;
  return low >> bit | uint64_t{static_cast<uint8_t>(at[8])} << (64 - bit);
}

// Of `rows`, those of one block after another, the lowest bits first.
void append_rows(std::string& into, const std::vector<uint64_t>& rows,
                 FilterGroup& group) {
  for (uint32_t block = 0; block < group.blocks(); ++block) {
    std::string bytes(group.block_size(block) + kRowReach, '\0');
    const size_t first = size_t{block} * group.rows_in_block();
    const size_t end =
        std::min<size_t>(first + group.rows_in_block(), rows.size());
    size_t bit = 0;
    for (size_t row = first; row < end; ++row, bit += group.frames) {
      put_row(bytes.data() + bit / 8, bit % 8, rows[row]);
    }
    bytes.resize(group.block_size(block));
    group.sums.push_back(checksum(bytes));
    into += bytes;
  }
}

}  // namespace

GramBits& FilterBuilder::next_frame() {
  if (frames_ == bits_.size()) bits_.push_back(std::make_unique<GramBits>());
  GramBits& bits = *bits_[frames_++];
  bits.fill(0);
  return bits;
}

FilterGroup FilterBuilder::close(std::string& index, double budget) {
  FilterGroup group;
  group.frames = frames_;
  const auto frames = std::span(bits_).first(frames_);
  frames_ = 0;
  auto common = std::make_unique<GramBits>();
  std::string common_bytes;
  if (group.frames >= kLeastGroupWithCommon) {
    find_common(frames, *common);
    common_bytes = encode_common(*common);
    if (common_bytes.empty()) return group;  // noise: no literal is told apart
  }
  uint64_t keys = 0;
  for (const auto& frame : frames)
    for (size_t w = 0; w < kWords; ++w)
      keys += static_cast<uint64_t>(std::popcount((*frame)[w] & ~(*common)[w]));
  const double mean = static_cast<double>(keys) / group.frames;
  const double room = budget - static_cast<double>(common_bytes.size()) -
                      static_cast<double>(kGroupRecord + 8);
  const double row_cost =
      group.frames / 8.0 * (1.0 + 8.0 / static_cast<double>(kRowBlock));
  const double wanted = std::max(1.0, std::ceil(mean * density_));
  const double slots =
      std::min({wanted, room / row_cost, static_cast<double>(kGramKeys)});
  if (slots < std::max(1.0, std::min(wanted, mean * kLeastDensity)))
    return group;
  group.slots = static_cast<uint32_t>(slots);
  std::vector<uint64_t> rows(group.slots);
  for (uint32_t f = 0; f < group.frames; ++f) {
    GramBits& bits = *frames[f];
    for (size_t w = 0; w < kWords; ++w) bits[w] &= ~(*common)[w];
    const uint64_t mark = uint64_t{1} << f;
    for_each_bit(
        bits, [&](uint32_t key) { rows[slot_of(key, group.slots)] |= mark; });
  }
  group.rows_at = index.size();
  append_rows(index, rows, group);
  group.common_at = index.size();
  group.common_size = static_cast<uint32_t>(common_bytes.size());
  group.common_sum = checksum(common_bytes);
  index += common_bytes;
  return group;
}

// --- reading -----------------------------------------------------------------

base::Status read_exactly(int fd, std::span<char> into, uint64_t offset,
                          std::string_view name) {
  while (!into.empty()) {
    auto n = base::fs::pread(fd, into, offset, name);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(Errc::Invalid, std::string(name) + ": offset " +
                                           std::to_string(offset) +
                                           ": the file ends here");
    into = into.subspan(*n);
    offset += *n;
  }
  return {};
}

base::Status FilterLookup::read(uint64_t at, uint64_t size, uint64_t sum) {
  bytes_.assign(size + kRowReach, '\0');
  const std::span bytes(bytes_.data(), size);
  if (auto got = read_exactly(fd_, bytes, at_ + at, name_); !got) return got;
  if (checksum({bytes_.data(), size}) == sum) return {};
  return base::fail(Errc::Invalid, std::string(name_) + ": offset " +
                                       std::to_string(at_ + at) +
                                       ": the index is damaged here");
}

base::Status FilterLookup::load_block(uint32_t block) {
  if (loaded_ == block) return {};
  loaded_ = UINT32_MAX;
  auto got = read(group_.rows_at + uint64_t{block} * kRowBlock,
                  group_.block_size(block), group_.sums[block]);
  if (got) loaded_ = block;
  return got;
}

base::Result<std::vector<uint32_t>> FilterLookup::without_common(
    std::span<const uint32_t> keys) {
  std::vector<uint32_t> rest(keys.begin(), keys.end());
  if (group_.common_size == 0) return rest;
  loaded_ = UINT32_MAX;
  auto got = read(group_.common_at, group_.common_size, group_.common_sum);
  if (!got) return base::fail(std::move(got.error()));
  const auto* const counts = reinterpret_cast<const uint8_t*>(bytes_.data());
  size_t bucket = 0, at = kBuckets;
  rest.clear();
  for (const uint32_t key : keys) {  // sorted
    for (; bucket < key / 256; ++bucket) at += counts[bucket];
    const auto lows = std::string_view(bytes_).substr(
        std::min(at, bytes_.size()), counts[bucket]);
    if (lows.find(static_cast<char>(key % 256)) == lows.npos)
      rest.push_back(key);
  }
  return rest;
}

base::Result<uint64_t> FilterLookup::find(std::span<const uint32_t> keys,
                                          uint64_t joined) {
  const uint64_t all = ~uint64_t{0} >> (64 - group_.frames);
  if (group_.slots == 0 || keys.empty()) return all;
  auto rest = without_common(keys);
  if (!rest) return base::fail(std::move(rest.error()));
  uint64_t may = all;
  // Frame f with the next one.
  uint64_t may_joined = joined;
  for (const uint32_t key : *rest) {
    const uint32_t slot = slot_of(key, group_.slots);
    const uint32_t block = slot / group_.rows_in_block();
    auto got = load_block(block);
    if (!got) return base::fail(std::move(got.error()));
    const size_t bit = size_t{slot % group_.rows_in_block()} * group_.frames;
    const uint64_t row = take_row(bytes_.data() + bit / 8, bit % 8) & all;
    may &= row;
    may_joined &= row | row >> 1;
    if ((may | may_joined) == 0) break;
  }
  return may | may_joined | (may_joined << 1 & all);
}

base::Status FilterLookup::verify() {
  for (uint32_t block = 0; block < group_.blocks(); ++block)
    if (auto got = load_block(block); !got) return got;
  if (group_.common_size == 0) return {};
  loaded_ = UINT32_MAX;
  return read(group_.common_at, group_.common_size, group_.common_sum);
}

}  // namespace store
