#pragma once
// Keeps logs from being sealed faster than room is made for them: what was
// sealed and not yet looked at by retention is counted, and where it is too
// much, live files that are due wait, and their apps with them, for moments.
// Thread-safe.

#include <atomic>
#include <cstdint>

namespace daemon_ {

class SealGate {
 public:
  void sealed(uint64_t bytes) { waiting_ += bytes; }
  void settled(uint64_t bytes) { waiting_ -= bytes; }
  void set_limit(uint64_t bytes) { limit_ = bytes; }
  bool is_open() const { return waiting_ == 0 || waiting_ < limit_; }

 private:
  std::atomic<uint64_t> waiting_{0};
  std::atomic<uint64_t> limit_{UINT64_MAX};
};

}  // namespace daemon_
