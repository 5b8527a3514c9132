#include "capture/line_stamping.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// What is the body of a variant's function is compiled for that variant's
// processor.
#define LODGE_INLINE [[gnu::always_inline]] inline

namespace capture {
namespace {

constexpr size_t kBlock = 64;   // bytes that one mask is about
constexpr size_t kBlocks = 64;  // that are looked through at once: 4 KiB
// How far beyond a line its copy may read and write.
constexpr size_t kOvershoot = 192;
// Where lines are longer on average, memchr and memcpy are faster.
constexpr size_t kShort = 512;

constexpr size_t kStamp = store::kPrefixSize;
static_assert(kStamp >= 16 && kStamp <= 32);
constexpr size_t kMostChunk = kBlocks * kBlock * (1 + kStamp) + kOvershoot;

// --- where newlines are ------------------------------------------------------

// Of a chunk of at most kBlocks blocks.
struct Newlines {
  uint64_t blocks = 0;      // bit b: block b has any
  uint64_t bytes[kBlocks];  // bit i of bytes[b]: byte i of block b is one
};

#if defined(__x86_64__)
uint64_t sse2_bits(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return static_cast<uint16_t>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
}

void find_sse2(const char* from, size_t blocks, Newlines& newlines) {
  uint64_t any = 0;
  for (size_t b = 0; b < blocks; ++b, from += kBlock) {
    const uint64_t mask = sse2_bits(from) | sse2_bits(from + 16) << 16 |
                          sse2_bits(from + 32) << 32 |
                          sse2_bits(from + 48) << 48;
    newlines.bytes[b] = mask;
    any |= static_cast<uint64_t>(mask != 0) << b;
  }
  newlines.blocks = any;
}

[[gnu::target("avx2,bmi2")]] void find_avx2(const char* from, size_t blocks,
                                            Newlines& newlines) {
  const __m256i newline = _mm256_set1_epi8('\n');
  uint64_t any = 0;
  for (size_t b = 0; b < blocks; ++b, from += kBlock) {
    const auto* const at = reinterpret_cast<const __m256i*>(from);
    const int low = _mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_loadu_si256(at), newline));
    const int high = _mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_loadu_si256(at + 1), newline));
    const uint64_t mask = static_cast<uint32_t>(low) |
                          static_cast<uint64_t>(static_cast<uint32_t>(high))
                              << 32;
    newlines.bytes[b] = mask;
    any |= static_cast<uint64_t>(mask != 0) << b;
  }
  newlines.blocks = any;
}
#elif defined(__aarch64__)
void find_neon(const char* from, size_t blocks, Newlines& newlines) {
  const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128,
                           1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t newline = vdupq_n_u8('\n');
  const auto* at = reinterpret_cast<const uint8_t*>(from);
  uint64_t any = 0;
  for (size_t b = 0; b < blocks; ++b, at += kBlock) {
    const uint8x16_t m0 = vandq_u8(vceqq_u8(vld1q_u8(at), newline), bits);
    const uint8x16_t m1 = vandq_u8(vceqq_u8(vld1q_u8(at + 16), newline), bits);
    const uint8x16_t m2 = vandq_u8(vceqq_u8(vld1q_u8(at + 32), newline), bits);
    const uint8x16_t m3 = vandq_u8(vceqq_u8(vld1q_u8(at + 48), newline), bits);
    uint8x16_t sum = vpaddq_u8(vpaddq_u8(m0, m1), vpaddq_u8(m2, m3));
    sum = vpaddq_u8(sum, sum);
    const uint64_t mask = vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
    newlines.bytes[b] = mask;
    any |= static_cast<uint64_t>(mask != 0) << b;
  }
  newlines.blocks = any;
}
#endif

// --- copying -----------------------------------------------------------------

// 64 bytes, by registers of kWide bytes. As vectors, because memcpy would not
// take the wide ones of the function that this ends up in.
template <size_t kWide>
LODGE_INLINE void copy_block(char* to, const char* from) {
  typedef long long Word
      __attribute__((vector_size(kWide), aligned(1), may_alias));
  for (size_t i = 0; i < kBlock; i += kWide)
    *reinterpret_cast<Word*>(to + i) = *reinterpret_cast<const Word*>(from + i);
}

// `size` bytes, and up to kOvershoot more.
template <size_t kWide>
LODGE_INLINE void copy(char* to, const char* from, size_t size) {
  copy_block<kWide>(to, from);
  if (size <= kBlock) return;
  // Two at once: the lengths of most lines then take the same branch.
  copy_block<kWide>(to + kBlock, from + kBlock);
  copy_block<kWide>(to + 2 * kBlock, from + 2 * kBlock);
  if (size <= 3 * kBlock) return;
  if (size >= 2 * kShort) {
    std::memcpy(to, from, size);
    return;
  }
  for (size_t i = 3 * kBlock; i < size; i += kBlock)
    copy_block<kWide>(to + i, from + i);
}

// 28 bytes as two stores of 16 that overlap.
struct StampBytes {
  explicit StampBytes(std::string_view stamp) {
    std::memcpy(head, stamp.data(), sizeof head);
    std::memcpy(tail, stamp.data() + kStamp - sizeof tail, sizeof tail);
  }
  LODGE_INLINE void store(char* to) const {
    std::memcpy(to, head, sizeof head);
    std::memcpy(to + kStamp - sizeof tail, tail, sizeof tail);
  }
  char head[16];
  char tail[16];
};

struct Place {
  const char* from;
  char* to;
  bool mid_line;
};

// Line by line and to the last byte of room. With `until_short`, no further
// than to where a short line has come.
void stamp_singly(Place& place, const char* end, const char* limit,
                  std::string_view stamp, bool until_short) {
  while (place.from < end) {
    const size_t head = place.mid_line ? 0 : kStamp;
    const auto room = static_cast<size_t>(limit - place.to);
    if (room <= head) return;
    size_t size = std::min(static_cast<size_t>(end - place.from), room - head);
    const void* const newline = std::memchr(place.from, '\n', size);
    if (newline != nullptr)
      size =
          static_cast<size_t>(static_cast<const char*>(newline) - place.from) +
          1;
    std::memcpy(place.to, stamp.data(), head);
    std::memcpy(place.to + head, place.from, size);
    place.to += head + size;
    place.from += size;
    place.mid_line = newline == nullptr;
    if (until_short && size < kShort) return;
  }
}

// The most blocks that surely fit into `room`.
size_t fitting(const Newlines& newlines, size_t blocks, size_t room) {
  if (room >= kMostChunk) return blocks;
  size_t fit = 0;
  for (size_t need = kOvershoot; fit < blocks; ++fit) {
    need += kBlock +
            kStamp * static_cast<size_t>(std::popcount(newlines.bytes[fit]));
    if (need > room) break;
  }
  return fit;
}

// As far as whole blocks and generous room go, or until lines get long. A stamp
// is written as soon as the line before it ends, and taken back at the end when
// its line did not begin.
template <auto kFind, size_t kWide>
LODGE_INLINE void stamp_blocks(Place& place, const char* end, const char* limit,
                               std::string_view stamp) {
  if (static_cast<size_t>(limit - place.to) < kStamp + kOvershoot) return;
  const StampBytes stamp_bytes(stamp);
  const char* from = place.from;
  char* to = place.to;
  Newlines newlines;
  if (!place.mid_line) {
    stamp_bytes.store(to);
    to += kStamp;
  }
  for (;;) {
    const auto left = static_cast<size_t>(end - from);
    if (left < kBlock + kOvershoot) break;
    size_t blocks = std::min(kBlocks, (left - kOvershoot) / kBlock);
    kFind(from, blocks, newlines);
    const size_t fit =
        fitting(newlines, blocks, static_cast<size_t>(limit - to));
    if (fit == 0) break;
    uint64_t with_newline = newlines.blocks;
    if (fit < kBlocks) with_newline &= (uint64_t{1} << fit) - 1;
    const bool long_lines =
        static_cast<size_t>(std::popcount(with_newline)) * kShort <
        fit * kBlock;
    size_t begin = 0;
    for (; with_newline != 0; with_newline &= with_newline - 1) {
      const auto b = static_cast<size_t>(std::countr_zero(with_newline));
      uint64_t mask = newlines.bytes[b];
      do {
        const size_t line_end =
            b * kBlock + static_cast<size_t>(std::countr_zero(mask)) + 1;
        const size_t size = line_end - begin;
        copy<kWide>(to, from + begin, size);
        to += size;
        stamp_bytes.store(to);
        to += kStamp;
        begin = line_end;
        mask &= mask - 1;
      } while (mask != 0);
    }
    const size_t rest = fit * kBlock - begin;
    copy<kWide>(to, from + begin, rest);
    to += rest;
    from += fit * kBlock;
    if (long_lines) break;
  }
  if (from != place.from) place.mid_line = from[-1] != '\n';
  if (!place.mid_line) to -= kStamp;
  place.from = from;
  place.to = to;
}

using StampBlocks = void(Place&, const char* end, const char* limit,
                         std::string_view stamp);

#if defined(__x86_64__)
void blocks_sse2(Place& place, const char* end, const char* limit,
                 std::string_view stamp) {
  stamp_blocks<find_sse2, 16>(place, end, limit, stamp);
}
[[gnu::target("avx2,bmi,bmi2,popcnt")]] void blocks_avx2(
    Place& place, const char* end, const char* limit, std::string_view stamp) {
  stamp_blocks<find_avx2, 32>(place, end, limit, stamp);
}
#elif defined(__aarch64__)
void blocks_neon(Place& place, const char* end, const char* limit,
                 std::string_view stamp) {
  stamp_blocks<find_neon, 16>(place, end, limit, stamp);
}
#endif

// Null: there is nothing faster than one line after the other.
StampBlocks* blocks_for(Simd simd) {
  switch (simd) {
#if defined(__x86_64__)
    case Simd::Sse2:
      return blocks_sse2;
    case Simd::Avx2:
      return blocks_avx2;
#elif defined(__aarch64__)
    case Simd::Neon:
      return blocks_neon;
#endif
    default:
      return nullptr;
  }
}

}  // namespace

bool is_supported(Simd simd) {
#if defined(__x86_64__)
  if (simd == Simd::Sse2) return true;
  if (simd == Simd::Avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
#elif defined(__aarch64__)
  if (simd == Simd::Neon) return true;
#endif
  return simd == Simd::Plain;
}

Simd best_simd() {
  for (const Simd simd : {Simd::Avx2, Simd::Neon, Simd::Sse2})
    if (is_supported(simd)) return simd;
  return Simd::Plain;
}

Stamped stamp_lines(std::string_view bytes, std::string_view stamp,
                    bool& mid_line, std::span<char> out, Simd simd) {
  Place place{bytes.data(), out.data(), mid_line};
  const char* const end = bytes.data() + bytes.size();
  const char* const limit = out.data() + out.size();
  StampBlocks* const blocks = blocks_for(simd);
  // Blocks while lines are short, one by one while they are long.
  while (blocks != nullptr &&
         static_cast<size_t>(end - place.from) >= kBlock + kOvershoot) {
    const char* const before = place.from;
    blocks(place, end, limit, stamp);
    if (place.from == before) break;
    stamp_singly(place, end, limit, stamp, true);
  }
  stamp_singly(place, end, limit, stamp, false);
  mid_line = place.mid_line;
  return {static_cast<size_t>(place.from - bytes.data()),
          static_cast<size_t>(place.to - out.data())};
}

}  // namespace capture
