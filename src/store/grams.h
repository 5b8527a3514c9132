#pragma once
// Grams: what the substring filter of an archive knows of a text. At each byte
// of a line begins one: 5 bytes, or 7 where at least 4 of these 5 are digits
// (short runs of digits are in every frame, and would tell nothing), folded by
// `byte | 0x20`, so that a search that ignores case asks the same filter. None
// reaches over a line's end. A gram is hashed to a key of 20 bits; one without
// any digit, being likely part of a common word, has two keys.
// What a gram is depends on its own bytes alone: a literal's grams are among
// those of every line that holds it. Pure; one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace store {

inline constexpr uint16_t kGramScheme = 1;  // of all that is said above
inline constexpr uint32_t kGramKeys = uint32_t{1} << 20;
inline constexpr size_t kLongestGram = 7;

// One bit a key.
using GramBits = std::array<uint64_t, kGramKeys / 64>;

// Collects the keys of a text that comes in pieces.
class GramCollector {
 public:
  GramCollector();
  ~GramCollector();
  GramCollector(const GramCollector&) = delete;
  GramCollector& operator=(const GramCollector&) = delete;

  // Where what comes next goes, where bits are only ever set. At first, and
  // after each finish().
  void redirect(GramBits& bits) { bits_ = &bits; }
  // Goes on with the text; '\n' ends a line.
  void add(std::string_view bytes);
  // Ends the text: only then are all bits set.
  void finish();

 private:
  struct Block;
  using MakeKeys = void(const uint8_t* folded, const uint8_t* kinds,
                        uint32_t* first, uint32_t* second);
  void work(size_t count);

  GramBits* bits_ = nullptr;
  std::unique_ptr<Block> block_;
  MakeKeys* make_keys_;  // the best for this processor
  size_t held_ = 0;      // bytes in the block, not yet worked on
};

// The keys that any text holding `literal` has; sorted, each once. Empty when
// nothing can be said: it is too short, or holds a line's end.
std::vector<uint32_t> gram_keys(std::string_view literal);

}  // namespace store
