#include "store/grams.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace store {
namespace {

// Positions worked on at once: all the block's tables stay in the L1 cache, and
// loops of a constant length are made vectors of.
constexpr size_t kStep = 2048;
constexpr size_t kCarry = kLongestGram - 1;
// Room for what a gram at the last position reaches, and for loads of 8 bytes.
constexpr size_t kRoom = kStep + 64;

constexpr uint8_t kSeparator = 16;  // more than any sum of digits
constexpr uint8_t kDigitsOfLong = 4;
constexpr uint32_t kShort = 0xff;     // of the bytes after 4: 5 in all
constexpr uint32_t kLong = 0xffffff;  // 7

// By the number of digits in the first 5 bytes; the last: no gram begins here.
constexpr size_t kNone = 6;
constexpr uint32_t kMask[] = {kShort, kShort, kShort, kShort, kLong, kLong, 0};
constexpr uint64_t kFirst[] = {1, 1, 1, 1, 1, 1, 0};
constexpr uint64_t kSecond[] = {1, 0, 0, 0, 0, 0, 0};

uint8_t fold(uint8_t byte) {
  return static_cast<uint8_t>(byte | 0x20);
}

uint8_t weigh(uint8_t byte) {
  if (byte == '\n') return kSeparator;
  const auto digit = static_cast<uint8_t>(fold(byte) - '0');
  return digit < 10;
}

// Of a gram's first 4 bytes and the 1 or 3 after them, folded, little-endian.
// Arithmetic of 32 bits, for processors multiply 8 such numbers at once.
constexpr uint32_t kLow = 0x9e3779b1;
constexpr uint32_t kHigh = 0x85ebca77;
constexpr uint32_t kMix = 0xc2b2ae3d;
constexpr uint32_t kMixMore = 0x27d4eb2f;
constexpr int kKeyShift = 12;  // a key is the upper 20 bits
static_assert(uint32_t{1} << (32 - kKeyShift) == kGramKeys);

struct Keys {
  uint32_t first;
  uint32_t second;
};

Keys keys_of(uint32_t low, uint32_t high) {
  uint32_t hash = low * kLow + high * kHigh;
  hash ^= hash >> 15;
  hash *= kMix;
  const uint32_t first = hash >> kKeyShift;
  hash ^= hash >> 16;
  hash *= kMixMore;
  return {first, hash >> kKeyShift};
}

uint32_t load(const uint8_t* from) {
  return uint32_t{from[0]} | uint32_t{from[1]} << 8 | uint32_t{from[2]} << 16 |
         uint32_t{from[3]} << 24;
}

Keys keys_at(const uint8_t* folded, size_t kind) {
  return keys_of(load(folded), load(folded + 4) & kMask[kind]);
}

// What begins at a position: an index into the tables above.
size_t kind(uint8_t of_short, uint8_t of_rest) {
  if (of_short >= kSeparator) return kNone;
  if (of_short >= kDigitsOfLong && of_rest >= kSeparator) return kNone;
  return of_short;
}

// The keys at kStep positions.
void make_keys_plain(const uint8_t* folded, const uint8_t* kinds,
                     uint32_t* first, uint32_t* second) {
  for (size_t i = 0; i < kStep; ++i) {
    const Keys keys = keys_at(folded + i, kinds[i]);
    first[i] = keys.first;
    second[i] = keys.second;
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] __m256i all_of(uint32_t value) {
  return _mm256_set1_epi32(static_cast<int>(value));
}

// The same, 8 positions at a time.
[[gnu::target("avx2")]] void make_keys_avx2(const uint8_t* folded,
                                            const uint8_t* kinds,
                                            uint32_t* first, uint32_t* second) {
  const __m256i low_bytes =
      _mm256_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6,  //
                       4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10);
  const __m256i high_bytes = _mm256_setr_epi8(
      4, 5, 6, -1, 5, 6, 7, -1, 6, 7, 8, -1, 7, 8, 9, -1,  //
      8, 9, 10, -1, 9, 10, 11, -1, 10, 11, 12, -1, 11, 12, 13, -1);
  for (size_t i = 0; i < kStep; i += 8) {
    const __m256i bytes = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(folded + i)));
    const __m256i kind = _mm256_cvtepu8_epi32(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kinds + i)));
    const __m256i is_long = _mm256_cmpgt_epi32(kind, all_of(kDigitsOfLong - 1));
    const __m256i mask = _mm256_or_si256(is_long, all_of(kShort));
    const __m256i low = _mm256_shuffle_epi8(bytes, low_bytes);
    const __m256i high =
        _mm256_and_si256(_mm256_shuffle_epi8(bytes, high_bytes), mask);
    __m256i hash = _mm256_add_epi32(_mm256_mullo_epi32(low, all_of(kLow)),
                                    _mm256_mullo_epi32(high, all_of(kHigh)));
    hash = _mm256_xor_si256(hash, _mm256_srli_epi32(hash, 15));
    hash = _mm256_mullo_epi32(hash, all_of(kMix));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(first + i),
                        _mm256_srli_epi32(hash, kKeyShift));
    hash = _mm256_xor_si256(hash, _mm256_srli_epi32(hash, 16));
    hash = _mm256_mullo_epi32(hash, all_of(kMixMore));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(second + i),
                        _mm256_srli_epi32(hash, kKeyShift));
  }
}
#endif

auto best_keys() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &make_keys_avx2;
#endif
  return &make_keys_plain;
}

}  // namespace

struct GramCollector::Block {
  alignas(64) uint8_t bytes[kRoom] = {};
  alignas(64) uint8_t folded[kRoom] = {};
  alignas(64) uint8_t weights[kRoom] = {};
  alignas(64) uint8_t kinds[kRoom] = {};
  alignas(64) uint32_t first[kStep] = {};
  alignas(64) uint32_t second[kStep] = {};
};

GramCollector::GramCollector()
    : block_(std::make_unique<Block>()), make_keys_(best_keys()) {}
GramCollector::~GramCollector() = default;

// At the first `count` positions; of those after them the last kCarry are kept.
void GramCollector::work(size_t count) {
  Block& block = *block_;
  for (size_t i = 0; i < kRoom; ++i) block.folded[i] = block.bytes[i] | 0x20;
  for (size_t i = 0; i < kRoom; ++i) {
    const auto digit = static_cast<uint8_t>(block.folded[i] - '0');
    const uint8_t weight = digit < 10 ? 1 : 0;
    block.weights[i] = block.bytes[i] == '\n' ? kSeparator : weight;
  }
  for (size_t i = 0; i < kStep; ++i) {
    const uint8_t* w = block.weights + i;
    const auto of_short =
        static_cast<uint8_t>(w[0] + w[1] + w[2] + w[3] + w[4]);
    const auto of_rest = static_cast<uint8_t>(w[5] + w[6]);
    const uint8_t cut = of_short >= kDigitsOfLong && of_rest >= kSeparator;
    block.kinds[i] = cut != 0 || of_short >= kSeparator
                         ? static_cast<uint8_t>(kNone)
                         : of_short;
  }
  make_keys_(block.folded, block.kinds, block.first, block.second);
  uint64_t* const bits = bits_->data();
  for (size_t i = 0; i < count; ++i) {
    const size_t is = block.kinds[i];
    const uint32_t one = block.first[i];
    const uint32_t two = block.second[i];
    // Without a branch: what is not to be set is set to what it was.
    bits[one / 64] |= kFirst[is] << (one % 64);
    bits[two / 64] |= kSecond[is] << (two % 64);
  }
  held_ -= count;
  std::memmove(block.bytes, block.bytes + count, held_);
}

void GramCollector::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kStep + kCarry - held_);
    std::memcpy(block_->bytes + held_, bytes.data(), taken);
    bytes.remove_prefix(taken);
    held_ += taken;
    if (held_ == kStep + kCarry) work(kStep);
  }
}

void GramCollector::finish() {
  add("\n\n\n\n\n\n");
  work(held_ - kCarry);
  held_ = 0;
}

std::vector<uint32_t> gram_keys(std::string_view literal) {
  std::vector<uint32_t> keys;
  if (literal.find('\n') != literal.npos) return keys;
  const auto byte = [&](size_t at) {
    return static_cast<uint8_t>(at < literal.size() ? literal[at] : '\n');
  };
  for (size_t at = 0; at < literal.size(); ++at) {
    uint8_t folded[8];
    uint8_t weights[kLongestGram];
    for (size_t i = 0; i < 8; ++i) folded[i] = fold(byte(at + i));
    for (size_t i = 0; i < kLongestGram; ++i) weights[i] = weigh(byte(at + i));
    const auto of_short = static_cast<uint8_t>(
        weights[0] + weights[1] + weights[2] + weights[3] + weights[4]);
    const auto of_rest = static_cast<uint8_t>(weights[5] + weights[6]);
    const size_t is = kind(of_short, of_rest);
    const auto [first, second] = keys_at(folded, is);
    if (kFirst[is] != 0) keys.push_back(first);
    if (kSecond[is] != 0) keys.push_back(second);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace store
