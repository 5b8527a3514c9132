#pragma once
// What the processes of a played story share: the memory that outlives each of
// them, and one life of a capturing process, from its first adopt() to its kill
// or to the end of the script. See journal_rig.h.

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "capture/journal_rig.h"

namespace capture_test {

inline constexpr int kMostStorySources = 4;

// Zeros at the beginning; in memory shared by all lives of one run.
struct Shared {
  std::atomic<int64_t> mono_offset_ms;
  std::atomic<uint64_t> dropped_lines[kMostStorySources];
  std::atomic<uint64_t> dropped_bytes[kMostStorySources];
  std::atomic<uint64_t> ended_lines[kMostStorySources];
  std::atomic<uint64_t> unaccounted;
  char failure[4096];  // of a life, or the judge's; empty: none
};

// One run of a story, as its player knows it; lives and the judge see a copy.
struct Run {
  const Story& story;
  std::string dir;
  Shared* shared = nullptr;
  int spool = -1;
  struct Source {
    int read = -1;
    int write = -1;
    bool added = false;
    bool ended = false;
    std::string written;
    // Lines that ended before here may be gone with a flush; 0: there was none.
    size_t flushed_to = 0;
  };
  std::vector<Source> sources;

  std::string path_of(int source) const {
    return dir + "/" +
           story.files[story.file_of[static_cast<size_t>(source)]].name;
  }
};

// What a life and the player say to each other, one datagram each.
struct Message {
  char kind;  // to a life: a)dd d)rain f)lush s)eal q)uit, and
              // g) FlushIn p) SealIn
              // from it: d)rained f)lushed s)ealed e)nded t)rouble q)uit
  int source;
};

// Says why and ends the process.
[[noreturn]] void give_up(Shared& shared, std::string_view why);

// Captures until it is told to quit. Never returns.
[[noreturn]] void live(const Run& run, int control, const std::string& rules);

// Whether all is where it should be; says what is not.
std::string judge(const Run& run);

}  // namespace capture_test
