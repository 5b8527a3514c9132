#pragma once
// Logs and archives for tests of archives: random logs of every kind, an
// archive made of one, and what a naive reading of the log says of it.

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "store/archive_reader.h"
#include "store/archive_writer.h"
#include "store/line.h"
#include "support/temp_dir.h"

namespace archive_rig {

enum class Kind { Prefixed, Members, Mixed, Unstamped, Noise };
inline constexpr Kind kKinds[] = {Kind::Prefixed, Kind::Members, Kind::Mixed,
                                  Kind::Unstamped, Kind::Noise};

using Random = std::mt19937_64;

// About `size` bytes.
std::string random_log(Kind kind, size_t size, Random& random);
std::vector<store::TimeEntry> random_times(size_t size, Random& random);
inline bool is_stamped(Kind kind) {
  return kind == Kind::Prefixed || kind == Kind::Members || kind == Kind::Mixed;
}

class Archive {
 public:
  Archive(std::string_view log, bool stamped,
          const store::ArchiveOptions& options,
          const std::vector<store::TimeEntry>& times = {});

  store::ArchiveReader open() const { return open_bytes(bytes()); }
  // The same file with other bytes.
  store::ArchiveReader open_bytes(std::string_view bytes) const;
  std::string bytes() const { return support::slurp(dir_.file("a.log.zst")); }
  std::string path() const { return dir_.file("a.log.zst"); }
  const support::TempDir& dir() const { return dir_; }
  const store::ArchiveResult& result() const { return result_; }

 private:
  support::TempDir dir_;
  store::ArchiveResult result_;
};

// The child's lines, without stamps and '\n', as they lie in the frames: a line
// belongs to each of the frames [first, last].
struct ChildLine {
  std::string text;
  size_t first = 0;
  size_t last = 0;
};
std::vector<ChildLine> child_lines(
    std::string_view log, bool stamped,
    const std::vector<store::ArchiveFrame>& frames);

// What an index must say of each frame, by the plainest means. Where frames
// were cut is taken from `frames`. `archive`: its bytes.
std::vector<store::ArchiveFrame> naive_facts(
    std::string_view archive, std::string_view log, bool stamped,
    const std::vector<store::TimeEntry>& times,
    const std::vector<store::ArchiveFrame>& frames);

// All frames, one after the other; fails the test when one can't be read.
std::string read_all(store::ArchiveReader& reader);

}  // namespace archive_rig
