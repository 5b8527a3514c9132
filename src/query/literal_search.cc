#include "query/literal_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace query {
namespace {

// How often a byte stands in logs, of 1000; every line has a stamp, hence the
// digits. From text and JSON logs of services; what is not there is rare.
constexpr std::array<uint16_t, 256> make_frequencies() {
  std::array<uint16_t, 256> table{};
  table.fill(1);
  constexpr std::string_view letters = "etaoinsrldcumpfghbyvwkxjqz";
  constexpr uint16_t weights[] = {60, 45, 44, 43, 42, 40, 40, 40, 28,
                                  28, 26, 20, 20, 20, 16, 14, 12, 12,
                                  10, 9,  8,  6,  5,  3,  3,  3};
  for (size_t i = 0; i < letters.size(); ++i) {
    table[static_cast<unsigned char>(letters[i])] = weights[i];
    table[static_cast<unsigned char>(letters[i] - 32)] =
        static_cast<uint16_t>(weights[i] / 10 + 2);
  }
  constexpr std::string_view digits = "0123456789";
  constexpr uint16_t often[] = {70, 65, 75, 40, 40, 40, 40, 35, 35, 35};
  for (size_t i = 0; i < digits.size(); ++i)
    table[static_cast<unsigned char>(digits[i])] = often[i];
  constexpr std::string_view marks = " :-.\"=,/TZ_[]{}()";
  constexpr uint16_t seen[] = {120, 45, 45, 35, 40, 25, 15, 18, 12,
                               10,  10, 8,  8,  6,  6,  5,  5};
  for (size_t i = 0; i < marks.size(); ++i)
    table[static_cast<unsigned char>(marks[i])] = seen[i];
  table['\n'] = 10;
  return table;
}
constexpr auto kFrequency = make_frequencies();

constexpr bool is_letter(unsigned char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

#if defined(__x86_64__)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0;
}
#endif

}  // namespace

unsigned byte_frequency(char c, bool fold) {
  const auto byte = static_cast<unsigned char>(c);
  if (!fold || !is_letter(byte)) return kFrequency[byte];
  return unsigned{kFrequency[byte | 0x20]} + kFrequency[byte & 0xDF];
}

// One step and loop per instruction set. `needed`: bytes from a candidate's
// begin on that must be in the buffer.
struct PairSearch {
  const LiteralSearch& search;
  const char* data;
  size_t last;  // the last place at which it may begin

  bool is_at(size_t at) const { return search.is_at(data + at); }

  size_t plain(size_t at) const {
    const auto first =
        static_cast<unsigned char>(search.literal_[search.first_]);
    for (; at <= last; ++at) {
      const auto byte = static_cast<unsigned char>(data[at + search.first_]);
      if ((byte | search.masks_[0]) == first && is_at(at)) return at;
    }
    return LiteralSearch::npos;
  }

#if defined(__x86_64__)
  size_t sse2(size_t at) const {
    const auto* first = data + search.first_;
    const auto* second = data + search.second_;
    const auto set = [](unsigned char c) {
      return _mm_set1_epi8(static_cast<char>(c));
    };
    const __m128i byte0 =
        set(static_cast<unsigned char>(search.literal_[search.first_]));
    const __m128i byte1 =
        set(static_cast<unsigned char>(search.literal_[search.second_]));
    const __m128i mask0 = set(search.masks_[0]);
    const __m128i mask1 = set(search.masks_[1]);
    const auto load = [](const char* p) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    };
    for (; at + 15 <= last; at += 16) {
      const __m128i both = _mm_and_si128(
          _mm_cmpeq_epi8(_mm_or_si128(load(first + at), mask0), byte0),
          _mm_cmpeq_epi8(_mm_or_si128(load(second + at), mask1), byte1));
      auto bits = static_cast<uint32_t>(_mm_movemask_epi8(both));
      for (; bits != 0; bits &= bits - 1) {
        const size_t here = at + static_cast<size_t>(std::countr_zero(bits));
        if (is_at(here)) return here;
      }
    }
    return plain(at);
  }

  // What else is looked for, in the same bytes.
  struct Mark {
    char byte = 0;
    bool seen = false;                   // then the search is over
    size_t until = LiteralSearch::npos;  // how far it came; npos: up to a find
  };
  // `kFolds`: some of the bytes are letters of either case.
  template <bool kMarked, bool kFolds>
  __attribute__((target("avx2"))) size_t avx2(size_t at, Mark& mark) const {
    const auto* first = data + search.first_;
    const auto* second = data + search.second_;
    const auto* third = data + search.third_;
    const __m256i byte0 = _mm256_set1_epi8(search.literal_[search.first_]);
    const __m256i byte1 = _mm256_set1_epi8(search.literal_[search.second_]);
    const __m256i byte2 = _mm256_set1_epi8(search.literal_[search.third_]);
    const __m256i mask0 = _mm256_set1_epi8(static_cast<char>(search.masks_[0]));
    const __m256i mask1 = _mm256_set1_epi8(static_cast<char>(search.masks_[1]));
    const __m256i mask2 = _mm256_set1_epi8(static_cast<char>(search.masks_[2]));
    const __m256i marks = _mm256_set1_epi8(mark.byte);
#define LODGE_LOAD(from, offset) \
  _mm256_loadu_si256(reinterpret_cast<const __m256i*>((from) + at + (offset)))
#define LODGE_IS(from, offset, mask, byte)                                   \
  _mm256_cmpeq_epi8(kFolds ? _mm256_or_si256(LODGE_LOAD(from, offset), mask) \
                           : LODGE_LOAD(from, offset),                       \
                    byte)
#define LODGE_BOTH(offset)                                \
  _mm256_and_si256(LODGE_IS(first, offset, mask0, byte0), \
                   LODGE_IS(second, offset, mask1, byte1))
// Bit i: all three stand for a literal that begins at `offset` + i.
#define LODGE_PLACES(both, offset)            \
  static_cast<uint32_t>(_mm256_movemask_epi8( \
      _mm256_and_si256(both, LODGE_IS(third, offset, mask2, byte2))))
#define LODGE_MARKED(offset) _mm256_cmpeq_epi8(LODGE_LOAD(first, offset), marks)
    for (; at + 127 <= last; at += 128) {
      const __m256i a = LODGE_BOTH(0);
      const __m256i b = LODGE_BOTH(32);
      const __m256i c = LODGE_BOTH(64);
      const __m256i d = LODGE_BOTH(96);
      const __m256i any =
          _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
      if constexpr (kMarked) {
        const __m256i marked = _mm256_or_si256(
            _mm256_or_si256(LODGE_MARKED(0), LODGE_MARKED(32)),
            _mm256_or_si256(LODGE_MARKED(64), LODGE_MARKED(96)));
        const __m256i either = _mm256_or_si256(any, marked);
        if (_mm256_testz_si256(either, either) != 0) continue;
        mark.seen = _mm256_testz_si256(marked, marked) == 0;
        if (mark.seen) return LiteralSearch::npos;
      } else if (_mm256_testz_si256(any, any) != 0) {
        continue;
      }
      const uint64_t low = LODGE_PLACES(a, 0) | uint64_t{LODGE_PLACES(b, 32)}
                                                    << 32;
      const uint64_t high = LODGE_PLACES(c, 64) | uint64_t{LODGE_PLACES(d, 96)}
                                                      << 32;
      for (uint64_t bits = low; bits != 0; bits &= bits - 1) {
        const size_t here = at + static_cast<size_t>(std::countr_zero(bits));
        if (is_at(here)) return here;
      }
      for (uint64_t bits = high; bits != 0; bits &= bits - 1) {
        const size_t here =
            at + 64 + static_cast<size_t>(std::countr_zero(bits));
        if (is_at(here)) return here;
      }
    }
    mark.until = at;
    for (; at + 31 <= last; at += 32) {
      uint32_t bits = LODGE_PLACES(LODGE_BOTH(0), 0);
      for (; bits != 0; bits &= bits - 1) {
        const size_t here = at + static_cast<size_t>(std::countr_zero(bits));
        if (is_at(here)) return here;
      }
    }
#undef LODGE_MARKED
#undef LODGE_PLACES
#undef LODGE_BOTH
#undef LODGE_IS
#undef LODGE_LOAD
    return plain(at);
  }
  template <bool kMarked>
  size_t avx2(size_t at, Mark& mark) const {
    const bool folds =
        (search.masks_[0] | search.masks_[1] | search.masks_[2]) != 0;
    return folds ? avx2<kMarked, true>(at, mark)
                 : avx2<kMarked, false>(at, mark);
  }
#elif defined(__aarch64__)
  size_t neon(size_t at) const {
    const auto* first = reinterpret_cast<const uint8_t*>(data + search.first_);
    const auto* second =
        reinterpret_cast<const uint8_t*>(data + search.second_);
    const uint8x16_t byte0 =
        vdupq_n_u8(static_cast<uint8_t>(search.literal_[search.first_]));
    const uint8x16_t byte1 =
        vdupq_n_u8(static_cast<uint8_t>(search.literal_[search.second_]));
    const uint8x16_t mask0 = vdupq_n_u8(search.masks_[0]);
    const uint8x16_t mask1 = vdupq_n_u8(search.masks_[1]);
    for (; at + 15 <= last; at += 16) {
      const uint8x16_t both =
          vandq_u8(vceqq_u8(vorrq_u8(vld1q_u8(first + at), mask0), byte0),
                   vceqq_u8(vorrq_u8(vld1q_u8(second + at), mask1), byte1));
      // Four bits a byte.
      uint64_t bits = vget_lane_u64(
          vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(both), 4)), 0);
      for (; bits != 0;) {
        const int zeros = std::countr_zero(bits) & ~3;
        const size_t here = at + static_cast<size_t>(zeros / 4);
        if (is_at(here)) return here;
        bits &= ~(uint64_t{15} << zeros);
      }
    }
    return plain(at);
  }
#endif

  size_t find(size_t from) const {
#if defined(__x86_64__)
    Mark none{};
    return has_avx2() ? avx2<false>(from, none) : sse2(from);
#elif defined(__aarch64__)
    return neon(from);
#else
    return plain(from);
#endif
  }
};

LiteralSearch::LiteralSearch(std::string literal, bool ignore_case)
    : literal_(std::move(literal)), fold_(ignore_case) {
  if (fold_) std::ranges::transform(literal_, literal_.begin(), lower);
  // The rarest, and the rarest of the others that is another byte if there is.
  const auto rarity = [&](size_t i) {
    return byte_frequency(literal_[i], fold_);
  };
  size_t best = 0;
  for (size_t i = 1; i < literal_.size(); ++i)
    if (rarity(i) < rarity(best)) best = i;
  size_t next = best;
  for (size_t i = 0; i < literal_.size(); ++i) {
    if (i == best) continue;
    const bool same = literal_[i] == literal_[best];
    const bool worse =
        next != best &&
        (literal_[next] == literal_[best] ? same && rarity(i) >= rarity(next)
                                          : same || rarity(i) >= rarity(next));
    if (!worse) next = i;
  }
  first_ = std::min(best, next);
  second_ = std::max(best, next);
  frequency_ = static_cast<double>(rarity(best)) / 1000;
  if (next != best) frequency_ *= static_cast<double>(rarity(next)) / 1000;
  third_ = next;
  for (size_t i = 0; i < literal_.size(); ++i)
    if (i != best && i != next &&
        (third_ == next || rarity(i) < rarity(third_)))
      third_ = i;
  // Those that are compared afterwards tell something, too.
  for (size_t i = 0; i < literal_.size(); ++i)
    if (i != best && i != next)
      frequency_ *= 0.3 + static_cast<double>(rarity(i)) / 1000;
  const auto mask = [&](size_t i) -> unsigned char {
    return fold_ && is_letter(static_cast<unsigned char>(literal_[i])) ? 0x20
                                                                       : 0;
  };
  masks_[0] = mask(first_);
  masks_[1] = mask(second_);
  masks_[2] = mask(third_);
}

bool LiteralSearch::is_at(const char* at) const {
  if (!fold_) return std::memcmp(at, literal_.data(), literal_.size()) == 0;
  for (size_t i = 0; i < literal_.size(); ++i)
    if (lower(at[i]) != literal_[i]) return false;
  return true;
}

size_t LiteralSearch::find(std::string_view buffer, size_t from) const {
  if (buffer.size() < literal_.size() || from > buffer.size() - literal_.size())
    return npos;
  if (literal_.size() == 1 && masks_[0] == 0)
    return buffer.find(literal_[0], from);
  return PairSearch{*this, buffer.data(), buffer.size() - literal_.size()}.find(
      from);
}

bool LiteralSearch::marks_are_free() {
#if defined(__x86_64__)
  return has_avx2();
#else
  return false;
#endif
}

size_t LiteralSearch::find_unless(std::string_view buffer, size_t from,
                                  char mark, bool& seen) const {
  const auto stands_in = [&](size_t begin, size_t end) {
    return begin < end && buffer.substr(begin, end - begin).find(mark) != npos;
  };
  const bool fits = buffer.size() >= literal_.size() &&
                    from <= buffer.size() - literal_.size();
#if defined(__x86_64__)
  if (fits && has_avx2()) {
    PairSearch::Mark looked{.byte = mark};
    const PairSearch search{*this, buffer.data(),
                            buffer.size() - literal_.size()};
    const size_t at = search.avx2<true>(from, looked);
    // What lies before the first block, and behind the last.
    const size_t rest =
        looked.until == npos ? buffer.size() : looked.until + first_;
    seen = looked.seen || stands_in(from, std::min(from + first_, rest)) ||
           stands_in(rest, buffer.size());
    return seen ? npos : at;
  }
#endif
  seen = stands_in(from, buffer.size());
  return seen || !fits ? npos : find(buffer, from);
}

size_t find_high_byte(std::string_view buffer, size_t from) {
  size_t at = from;
  for (; at + 64 <= buffer.size(); at += 64) {
    uint64_t any = 0;
    for (size_t i = 0; i < 64; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, buffer.data() + at + i, sizeof word);
      any |= word;
    }
    if ((any & 0x8080808080808080) != 0) break;
  }
  for (; at < buffer.size(); ++at)
    if (static_cast<unsigned char>(buffer[at]) >= 0x80) return at;
  return LiteralSearch::npos;
}

}  // namespace query
