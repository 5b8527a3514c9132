#pragma once
// For patterns without a literal: a run of bytes, each of a class of its own,
// that every match holds, as `[A-Z]{6}[0-9]{4}` does. Four bytes of the run are
// looked for, 64 places at a time, and the others where these stand. Whether a
// byte is in a class tells its distance from the class's first one, or look-ups
// by nibble as in Hyperscan's shufti. Immutable; any thread.

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace query {

class ClassRun {
 public:
  static constexpr size_t npos = std::string_view::npos;

  // Of an expression of RE2. nullopt: it is no row of characters and classes,
  // what it holds is too common to be looked for, or the machine lacks AVX2.
  static std::optional<ClassRun> make(std::string_view source,
                                      bool ignore_case);

  // Where the next one begins at `from` or later, over line ends too.
  size_t find(std::string_view text, size_t from) const;
  // The same, a byte at a time.
  size_t find_plain(std::string_view text, size_t from) const;

  size_t size() const { return size_; }

 private:
  using Bytes = std::bitset<256>;
  static constexpr size_t kMost = 8;  // bytes in a run
  static constexpr size_t kPlaces = 4;
  // A byte of the run that is looked for first, and the class that it is of.
  struct Place {
    size_t at = 0;
    uint8_t first = 0;  // of a class that is a range
    uint8_t span = 0;   // from its first to its last
    // By low nibble, a bit for each high nibble with which it is in the class.
    alignas(16) std::array<uint8_t, 16> nibbles{};
  };
  explicit ClassRun(std::span<const Bytes> run);
  void choose_places(std::span<const Bytes> run);
  bool is_at(const char* at) const;
  template <bool kRanges>
  size_t find_avx2(std::string_view text, size_t from) const;

  size_t size_ = 0;
  std::array<uint8_t, 256> may_be_at_{};  // bit i: the byte may be the i-th
  std::array<Place, kPlaces> places_{};   // some twice, in a short run
  bool ranges_ = true;                    // all classes are

  friend struct ClassRunChoice;
};

}  // namespace query
