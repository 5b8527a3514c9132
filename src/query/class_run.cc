#include "query/class_run.h"

#include <algorithm>
#include <bit>

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
    if (std::ranges::any_of(run.first(run.size() - 1),
                            [](const Bytes& b) { return b['{']; }))
      return false;
    std::vector<Bytes> different;
    for (const auto& bytes : run)
      if (std::ranges::find(different, bytes) == different.end())
        different.push_back(bytes);
    return different.size() <= ClassRun::kMostClasses;
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
  std::vector<Bytes> different;
  for (size_t i = 0; i < run.size(); ++i) {
    const auto known = std::ranges::find(different, run[i]);
    class_[i] = static_cast<uint8_t>(known - different.begin());
    if (known == different.end()) different.push_back(run[i]);
    for (size_t b = 0; b < run[i].size(); ++b)
      if (run[i][b]) may_be_at_[b] |= static_cast<uint8_t>(1U << i);
  }
  count_ = different.size();
  for (size_t c = 0; c < count_; ++c)
    for (size_t b = 0; b < 0x80; ++b)
      if (different[c][b])
        nibbles_[c][b & 0x0F] |= static_cast<uint8_t>(1U << (b >> 4));
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

size_t ClassRun::find(std::string_view text, size_t from) const {
  return has_avx2() ? find_avx2(text, from) : find_plain(text, from);
}

#if defined(__x86_64__)

namespace {

// Bit i: byte i of the 32 is in the class. `high`: a bit for its high nibble.
__attribute__((target("avx2"))) inline uint32_t class_bits(__m256i bytes,
                                                           __m256i high,
                                                           __m256i table) {
  // (A byte of 0x80 or more looks up 0.)
  const __m256i in = _mm256_and_si256(_mm256_shuffle_epi8(table, bytes), high);
  const __m256i none = _mm256_cmpeq_epi8(in, _mm256_setzero_si256());
  return ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
}

__attribute__((target("avx2"))) inline __m256i high_bits(__m256i bytes) {
  const __m256i bit = _mm256_setr_epi8(
      1, 2, 4, 8, 16, 32, 64, static_cast<char>(0x80), 0, 0, 0, 0, 0, 0, 0, 0,
      1, 2, 4, 8, 16, 32, 64, static_cast<char>(0x80), 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i nibble =
      _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
  return _mm256_shuffle_epi8(bit, nibble);
}

}  // namespace

__attribute__((target("avx2"))) size_t
ClassRun::find_avx2(std::string_view text, size_t from) const {
  constexpr size_t kStep = 64;
  __m256i tables[kMostClasses];  // NOLINT(*-c-arrays): of vectors
  for (size_t c = 0; c < count_; ++c)
    tables[c] = _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(nibbles_[c].data())));
  std::array<uint64_t, kMostClasses> before{};
  size_t at = from;
  for (; at + kStep <= text.size(); at += kStep) {
    const auto* data = reinterpret_cast<const __m256i*>(text.data() + at);
    const __m256i low = _mm256_loadu_si256(data);
    const __m256i up = _mm256_loadu_si256(data + 1);
    const __m256i low_high = high_bits(low);
    const __m256i up_high = high_bits(up);
    std::array<uint64_t, kMostClasses> here;
    bool any = true;
    for (size_t c = 0; c < count_; ++c) {
      here[c] = class_bits(low, low_high, tables[c]) |
                uint64_t{class_bits(up, up_high, tables[c])} << 32;
      any = any && (here[c] | before[c]) != 0;
    }
    if (any) {
      // Bit i: a run ends at byte i.
      uint64_t ends = here[class_[size_ - 1]];
      for (size_t back = 1; back < size_ && ends != 0; ++back) {
        const size_t c = class_[size_ - 1 - back];
        ends &= here[c] << back | before[c] >> (64 - back);
      }
      if (ends != 0)
        return at + static_cast<size_t>(std::countr_zero(ends)) + 1 - size_;
    }
    before = here;
  }
  return find_plain(text, std::max(from, at - std::min(at, size_ - 1)));
}

#else

size_t ClassRun::find_avx2(std::string_view text, size_t from) const {
  return find_plain(text, from);
}

#endif

}  // namespace query
