#include "query/class_run.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "query/byte_row.h"
#include "query/literal_search.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace query {
namespace {

using Bytes = std::bitset<256>;

// As often in logs as that, a look at each place takes longer than a scan.
constexpr double kTooOften = 1.0 / 500;

double frequency(const Bytes& bytes) {
  unsigned often = 0;
  for (size_t b = 0; b < bytes.size(); ++b)
    if (bytes[b]) often += byte_frequency(static_cast<char>(b), false);
  return std::min(1.0, often / 1000.0);
}

bool has_avx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

// Of either case; nullopt: of more than one byte then, as U+212A for k and
// U+017F for s.
std::optional<Bytes> folded(Bytes bytes) {
  for (unsigned char c = 'a'; c <= 'z'; ++c)
    if (bytes[c] || bytes[c & 0xDFU]) bytes.set(c).set(c & 0xDFU);
  if (bytes['k'] || bytes['s']) return std::nullopt;
  return bytes;
}

}  // namespace

// The rarest run of those that a row holds.
struct ClassRunChoice {
  static constexpr size_t kMost = ClassRun::kMost;
  std::vector<Bytes> best;
  double best_frequency = kTooOften;

  static bool is_usable(std::span<const Bytes> run) {
    // The '{' of a JSON line may stand before our stamp.
    return std::ranges::none_of(run.first(run.size() - 1),
                                [](const Bytes& b) { return b['{']; });
  }

  void consider(std::span<const Bytes> run) {
    for (size_t begin = 0; begin < run.size(); ++begin) {
      double often = 1;
      for (size_t end = begin; end < std::min(run.size(), begin + kMost);
           ++end) {
        often *= frequency(run[end]);
        const auto part = run.subspan(begin, end + 1 - begin);
        if (part.size() < 2 || often >= best_frequency || !is_usable(part))
          continue;
        best_frequency = often;
        best.assign(part.begin(), part.end());
      }
    }
  }

  void take(std::span<const RowItem> row, bool ignore_case) {
    std::vector<Bytes> run;
    const auto close = [&] {
      consider(run);
      run.clear();
    };
    for (const auto& item : row) {
      const auto bytes =
          ignore_case ? folded(item.bytes) : std::optional(item.bytes);
      if (!bytes || item.least == 0) {
        close();
        continue;
      }
      const size_t copies = std::min<size_t>(item.least, kMost);
      run.insert(run.end(), copies, *bytes);
      if (item.most == copies) continue;
      // There may be more of them: what follows stands behind the last ones.
      close();
      run.assign(copies, *bytes);
    }
    close();
  }
};

std::optional<ClassRun> ClassRun::make(std::string_view source,
                                       bool ignore_case) {
  if (!has_avx2()) return std::nullopt;
  const auto row = byte_row(source);
  if (!row) return std::nullopt;
  ClassRunChoice choice;
  choice.take(*row, ignore_case);
  if (choice.best.empty()) return std::nullopt;
  return ClassRun(choice.best);
}

ClassRun::ClassRun(std::span<const Bytes> run) : size_(run.size()) {
  for (size_t i = 0; i < run.size(); ++i)
    for (size_t b = 0; b < run[i].size(); ++b)
      if (run[i][b]) may_be_at_[b] |= static_cast<uint8_t>(1U << i);
  choose_places(run);
}

// The rarest; of the same class those that are apart, for neighbours are often
// alike.
void ClassRun::choose_places(std::span<const Bytes> run) {
  std::vector<size_t> order(run.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto is_end = [&](size_t i) {
    return i == 0 || i + 1 == run.size() || run[i - 1] != run[i] ||
           run[i + 1] != run[i];
  };
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    return std::pair(!is_end(i), frequency(run[i]));
  });
  for (size_t i = 0; i < kPlaces; ++i) {
    Place& place = places_[i];
    place.at = order[i % order.size()];
    const Bytes& bytes = run[place.at];
    size_t first = 0;
    while (!bytes[first]) ++first;
    place.first = static_cast<uint8_t>(first);
    place.span = static_cast<uint8_t>(bytes.count() - 1);
    ranges_ = ranges_ && (bytes >> first >> bytes.count()).none();
    for (size_t b = 0; b < 0x80; ++b)
      if (bytes[b])
        place.nibbles[b & 0x0F] |= static_cast<uint8_t>(1U << (b >> 4));
  }
}

bool ClassRun::is_at(const char* at) const {
  for (size_t i = 0; i < size_; ++i)
    if ((may_be_at_[static_cast<unsigned char>(at[i])] >> i & 1) == 0)
      return false;
  return true;
}

size_t ClassRun::find_plain(std::string_view text, size_t from) const {
  unsigned state = 0;
  const unsigned last = 1U << (size_ - 1);
  for (size_t at = from; at < text.size(); ++at) {
    state = (state << 1 | 1) & may_be_at_[static_cast<unsigned char>(text[at])];
    if ((state & last) != 0) return at + 1 - size_;
  }
  return npos;
}

#if defined(__x86_64__)

namespace {

// By low nibble of the class; 0 where the byte is not in it. (A byte of 0x80 or
// more looks up 0.)
__attribute__((target("avx2"))) inline __m256i look_up(__m256i bytes,
                                                       __m256i table) {
  const __m256i bit = _mm256_setr_epi8(
      1, 2, 4, 8, 16, 32, 64, static_cast<char>(0x80), 0, 0, 0, 0, 0, 0, 0, 0,
      1, 2, 4, 8, 16, 32, 64, static_cast<char>(0x80), 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i nibble =
      _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
  return _mm256_and_si256(_mm256_shuffle_epi8(table, bytes),
                          _mm256_shuffle_epi8(bit, nibble));
}

}  // namespace

template <bool kRanges>
__attribute__((target("avx2"))) size_t
ClassRun::find_avx2(std::string_view text, size_t from) const {
  // NOLINTBEGIN(*-c-arrays): of vectors
  __m256i first[kPlaces];
  __m256i span[kPlaces];
  __m256i tables[kPlaces];
  const char* data[kPlaces];
  // NOLINTEND(*-c-arrays)
  for (size_t i = 0; i < kPlaces; ++i) {
    const Place& place = places_[i];
    first[i] = _mm256_set1_epi8(static_cast<char>(place.first));
    span[i] = _mm256_set1_epi8(static_cast<char>(place.span));
    tables[i] = _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(place.nibbles.data())));
    data[i] = text.data() + place.at;
  }
  const __m256i zero = _mm256_setzero_si256();
  // Of 32 places: 0 where all that is looked for is there.
#define LODGE_LOAD(i, offset) \
  _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data[i] + at + (offset)))
#define LODGE_OUT(i, offset)                                                \
  (kRanges                                                                  \
       ? _mm256_subs_epu8(_mm256_sub_epi8(LODGE_LOAD(i, offset), first[i]), \
                          span[i])                                          \
       : _mm256_cmpeq_epi8(look_up(LODGE_LOAD(i, offset), tables[i]), zero))
#define LODGE_ANY_OUT(offset)                                                  \
  _mm256_or_si256(_mm256_or_si256(LODGE_OUT(0, offset), LODGE_OUT(1, offset)), \
                  _mm256_or_si256(LODGE_OUT(2, offset), LODGE_OUT(3, offset)))
  constexpr size_t kStep = 64;
  size_t at = from;
  for (; at + kStep + size_ <= text.size(); at += kStep) {
    const __m256i low = _mm256_cmpeq_epi8(LODGE_ANY_OUT(0), zero);
    const __m256i up = _mm256_cmpeq_epi8(LODGE_ANY_OUT(32), zero);
    const __m256i either = _mm256_or_si256(low, up);
    if (_mm256_testz_si256(either, either) != 0) continue;
    uint64_t bits = static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
                    uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(up))}
                        << 32;
    for (; bits != 0; bits &= bits - 1) {
      const size_t here = at + static_cast<size_t>(std::countr_zero(bits));
      if (is_at(text.data() + here)) return here;
    }
  }
#undef LODGE_ANY_OUT
#undef LODGE_OUT
#undef LODGE_LOAD
  return find_plain(text, at);
}

size_t ClassRun::find(std::string_view text, size_t from) const {
  if (!has_avx2()) return find_plain(text, from);
  return ranges_ ? find_avx2<true>(text, from) : find_avx2<false>(text, from);
}

#else

size_t ClassRun::find(std::string_view text, size_t from) const {
  return find_plain(text, from);
}

#endif

}  // namespace query
