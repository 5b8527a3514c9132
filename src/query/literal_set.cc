#include "query/literal_set.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace query {
namespace {

bool has_vectors() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#elif defined(__aarch64__)
  return true;
#else
  return false;
#endif
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) __m256i
twice(const std::array<uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// Of 32 bytes, by the halves of each.
__attribute__((target("avx2"))) inline __m256i buckets_of(const char* at,
                                                          __m256i low,
                                                          __m256i high) {
  const __m256i half = _mm256_set1_epi8(15);
  const __m256i bytes =
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return _mm256_and_si256(
      _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
      _mm256_shuffle_epi8(high,
                          _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}
#elif defined(__aarch64__)
// Of 16 bytes, by the halves of each.
inline uint8x16_t buckets_of(const char* at, uint8x16_t low, uint8x16_t high) {
  const uint8x16_t bytes = vld1q_u8(reinterpret_cast<const uint8_t*>(at));
  return vandq_u8(vqtbl1q_u8(low, vandq_u8(bytes, vdupq_n_u8(15))),
                  vqtbl1q_u8(high, vshrq_n_u8(bytes, 4)));
}
#endif

}  // namespace

std::optional<LiteralSet> LiteralSet::make(
    const std::vector<LiteralSearch>& literals) {
  if (!has_vectors() || literals.size() < 2 || literals.size() > kMost)
    return std::nullopt;
  LiteralSet set;
  for (const auto& literal : literals) {
    if (literal.literal().size() < kShortest ||
        literal.literal().find('\n') != std::string::npos)
      return std::nullopt;
    set.add(literal);
  }
  return set;
}

void LiteralSet::add(const LiteralSearch& literal) {
  const std::string& text = literal.literal();
  const bool fold = literal.ignores_case();
  size_t window = 0;
  double least = 0;
  for (size_t at = 0; at + kShortest <= text.size(); ++at) {
    double often = 1;
    for (size_t i = 0; i < kShortest; ++i)
      often *= byte_frequency(text[at + i], fold);
    if (at != 0 && often >= least) continue;
    window = at;
    least = often;
  }
  const auto bucket = static_cast<uint8_t>(1U << literals_.size());
  for (size_t i = 0; i < kShortest; ++i) {
    const auto byte = static_cast<uint8_t>(text[window + i]);
    low_[i][byte & 15] |= bucket;
    high_[i][byte >> 4] |= bucket;
    // Of either case a letter differs in one bit of its upper half.
    if (fold && byte >= 'a' && byte <= 'z')
      high_[i][(byte ^ 0x20) >> 4] |= bucket;
  }
  literals_.push_back({literal, window});
}

// Which of them may have their three bytes here.
uint8_t LiteralSet::buckets_at(const char* at) const {
  uint8_t buckets = 0xff;
  for (size_t i = 0; i < kShortest; ++i) {
    const auto byte = static_cast<uint8_t>(at[i]);
    buckets = static_cast<uint8_t>(buckets & low_[i][byte & 15] &
                                   high_[i][byte >> 4]);
  }
  return buckets;
}

size_t LiteralSet::begin_at(std::string_view buffer, size_t from, size_t at,
                            uint8_t buckets) const {
  size_t first = npos;
  for (unsigned left = buckets; left != 0; left &= left - 1) {
    const One& one = literals_[static_cast<size_t>(std::countr_zero(left))];
    if (at < from + one.window) continue;
    const size_t begin = at - one.window;
    if (begin + one.literal.literal().size() <= buffer.size() &&
        one.literal.is_at(buffer.data() + begin))
      first = std::min(first, begin);
  }
  return first;
}

// As far as whole vectors go that have no mark; `at`: where to go on.
#if defined(__x86_64__)
template <bool kMarked>
__attribute__((target("avx2"))) size_t LiteralSet::find_wide(
    std::string_view buffer, size_t from, size_t& at, char mark) const {
  const __m256i marks = _mm256_set1_epi8(mark);
  const __m256i low0 = twice(low_[0]), high0 = twice(high_[0]);
  const __m256i low1 = twice(low_[1]), high1 = twice(high_[1]);
  const __m256i low2 = twice(low_[2]), high2 = twice(high_[2]);
#define LODGE_BUCKETS(here)                                               \
  _mm256_and_si256(_mm256_and_si256(buckets_of((here), low0, high0),      \
                                    buckets_of((here) + 1, low1, high1)), \
                   buckets_of((here) + 2, low2, high2))
  alignas(32) std::array<uint8_t, 64> of;
  const auto places_of = [](__m256i buckets) __attribute__((target("avx2"))) {
    return ~static_cast<uint32_t>(_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(buckets, _mm256_setzero_si256())));
  };
  for (; at + of.size() + 2 <= buffer.size(); at += of.size()) {
    const char* const here = buffer.data() + at;
    const __m256i a = LODGE_BUCKETS(here);
    const __m256i b = LODGE_BUCKETS(here + 32);
    __m256i any = _mm256_or_si256(a, b);
    if constexpr (kMarked) {
      const auto load = [&](const char* from_here) __attribute__((
                            target("avx2"))) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from_here));
      };
      const __m256i marked =
          _mm256_or_si256(_mm256_cmpeq_epi8(load(here), marks),
                          _mm256_cmpeq_epi8(load(here + 32), marks));
      any = _mm256_or_si256(any, marked);
      if (_mm256_testz_si256(any, any) != 0) continue;
      if (_mm256_testz_si256(marked, marked) == 0) return npos;
    } else if (_mm256_testz_si256(any, any) != 0) {
      continue;
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(of.data()), a);
    _mm256_store_si256(reinterpret_cast<__m256i*>(of.data() + 32), b);
    uint64_t places = places_of(a) | uint64_t{places_of(b)} << 32;
    for (; places != 0; places &= places - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(places));
      const size_t begin = begin_at(buffer, from, at + i, of[i]);
      if (begin != npos) return begin;
    }
  }
#undef LODGE_BUCKETS
  return npos;
}
#elif defined(__aarch64__)
template <bool kMarked>
size_t LiteralSet::find_wide(std::string_view buffer, size_t from, size_t& at,
                             char mark) const {
  const auto load = [](const Table& table) { return vld1q_u8(table.data()); };
  const uint8x16_t low0 = load(low_[0]), high0 = load(high_[0]);
  const uint8x16_t low1 = load(low_[1]), high1 = load(high_[1]);
  const uint8x16_t low2 = load(low_[2]), high2 = load(high_[2]);
  std::array<uint8_t, 16> of;
  for (; at + of.size() + 2 <= buffer.size(); at += of.size()) {
    const char* const here = buffer.data() + at;
    const uint8x16_t buckets =
        vandq_u8(vandq_u8(buckets_of(here, low0, high0),
                          buckets_of(here + 1, low1, high1)),
                 buckets_of(here + 2, low2, high2));
    if (kMarked &&
        vmaxvq_u8(vceqq_u8(vld1q_u8(reinterpret_cast<const uint8_t*>(here)),
                           vdupq_n_u8(static_cast<uint8_t>(mark)))) != 0)
      return npos;
    if (vmaxvq_u8(buckets) == 0) continue;
    vst1q_u8(of.data(), buckets);
    for (size_t i = 0; i < of.size(); ++i) {
      if (of[i] == 0) continue;
      const size_t begin = begin_at(buffer, from, at + i, of[i]);
      if (begin != npos) return begin;
    }
  }
  return npos;
}
#else
template <bool kMarked>
size_t LiteralSet::find_wide(std::string_view, size_t, size_t&, char) const {
  return npos;  // there is no set
}
#endif

size_t LiteralSet::find(std::string_view buffer, size_t from) const {
  size_t at = from;
  const size_t begin = find_wide<false>(buffer, from, at, 0);
  return begin == npos ? find_rest(buffer, from, at) : begin;
}

size_t LiteralSet::find_unless(std::string_view buffer, size_t from, char mark,
                               bool& seen) const {
  size_t at = from;
  const size_t begin = find_wide<true>(buffer, from, at, mark);
  if (begin != npos) return begin;
  // What is left is a vector, or more, and then begins with one that has it.
  seen = buffer.find(mark, at) != npos;
  return seen ? npos : find_rest(buffer, from, at);
}

size_t LiteralSet::find_rest(std::string_view buffer, size_t from,
                             size_t at) const {
  size_t begin = npos;
  for (; begin == npos && at + kShortest <= buffer.size(); ++at)
    if (const uint8_t buckets = buckets_at(buffer.data() + at); buckets != 0)
      begin = begin_at(buffer, from, at, buckets);
  return begin;
}

}  // namespace query
