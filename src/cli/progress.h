#pragma once
// How far a long command has come: one line on a terminal's stderr, after the
// first second and then a few times a second. Nothing where that is no
// terminal. Lives on one thread.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace cli {

class Progress {
 public:
  // "searching 12 of 40 files, 1.2 GB"
  Progress(std::string doing, size_t files, bool silent);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(size_t file, uint64_t bytes);
  // Before anything else is written to the terminal.
  void clear();

 private:
  const std::string doing_;
  const size_t files_;
  const bool shown_;
  const base::SystemClock clock_;
  base::MonoTime due_;
  bool stands_ = false;
};

}  // namespace cli
