#pragma once
// What a line source knows to be true of itself, in a file that it maps: it
// survives SIGKILL at any instruction, and the checker holds the logs to it.
//
// A line is `L <source>.<run>.<stream> <seq> <padding> E\n`; seq counts from 1
// in each run and stream, the padding is a function of seq, so every byte of
// every line can be told from its head. Each start of the program on the same
// file is a run of its own.
//
// Bytes are counted twice: offered before a write(2), handed after it, so a
// source killed between the two leaves no doubt but those bytes. In doubt they
// may be in the log, beyond them nothing may, before them everything must.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace support {

enum class SourceStream { Out, Error };
std::string_view source_stream_name(SourceStream stream);

using Counter = std::atomic<uint64_t>;
static_assert(Counter::is_always_lock_free);

struct StreamTruth {
  Counter offered_bytes;
  Counter handed_bytes;  // whole lines and the part of the one after them
  Counter handed_lines;  // whole lines
};

struct RunTruth {
  Counter pid;
  Counter start_ticks;  // as /proc/<pid>/stat has it
  Counter last_errno;   // of a write; 0 = all went well
  Counter failures;     // writes that failed
  Counter sigpipes;
  Counter longest_write_ns;
  Counter finished;  // 1: it wrote all its lines
  StreamTruth streams[2];
};

struct TruthFile {
  static constexpr uint64_t kMagic = 0x314854555254444c;  // "LDTRUTH1"
  static constexpr size_t kMaxRuns = 512;

  Counter magic;
  std::array<char, 64> source;  // its name, ended by NUL
  Counter least_padding;
  Counter most_padding;
  Counter runs;
  RunTruth run[kMaxRuns];
};

// The file mapped; shared with whoever else maps it.
class TruthMap {
 public:
  // Makes the file when it is missing.
  static base::Result<TruthMap> create(const std::string& path);
  static base::Result<TruthMap> open(const std::string& path);
  ~TruthMap();
  TruthMap(TruthMap&& other) noexcept;
  TruthMap& operator=(TruthMap&& other) noexcept;

  TruthFile* operator->() const { return file_; }
  TruthFile& operator*() const { return *file_; }

 private:
  explicit TruthMap(TruthFile* file) : file_(file) {}
  static base::Result<TruthMap> map(const std::string& path, int flags);
  TruthFile* file_ = nullptr;
};

// What the lines of one run and stream look like.
class LineShape {
 public:
  LineShape(std::string_view source, uint64_t run, SourceStream stream,
            uint64_t least_padding, uint64_t most_padding);

  const std::string& token() const { return token_; }  // "api.1.out"
  // Appends line `seq` with its '\n'.
  void append(uint64_t seq, std::string& into) const;
  size_t size(uint64_t seq) const;  // with its '\n'

 private:
  size_t padding(uint64_t seq) const;

  std::string token_;
  uint64_t least_padding_;
  uint64_t most_padding_;
};

}  // namespace support
