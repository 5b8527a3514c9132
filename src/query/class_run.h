#pragma once
// For patterns without a literal: a run of bytes, each of a class of its own,
// that every match holds, as `[A-Z]{6}[0-9]{4}` does. It is found 64 places at
// a time: Shift-And (Baeza-Yates and Gonnet, 1992) over masks of places rather
// than of states, which come from look-ups by nibble as in Hyperscan's shufti.
// Immutable; any thread.

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
  static constexpr size_t kMostClasses = 4;
  explicit ClassRun(std::span<const Bytes> run);
  size_t find_avx2(std::string_view text, size_t from) const;

  size_t size_ = 0;
  size_t count_ = 0;                      // of different classes
  std::array<uint8_t, kMost> class_{};    // of each byte of the run
  std::array<uint8_t, 256> may_be_at_{};  // bit i: the byte may be the i-th
  // By low nibble, a bit for each high nibble with which it is in the class.
  alignas(16) std::array<std::array<uint8_t, 16>, kMostClasses> nibbles_{};

  friend struct ClassRunChoice;
};

}  // namespace query
