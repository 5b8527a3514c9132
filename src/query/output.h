#pragma once
// Buffered bytes to a descriptor that may be a closed pipe, or not blocking.
// A reader that went away is a quiet end, not an error.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace query {

class Output {
 public:
  // Borrows `fd`.
  explicit Output(int fd);

  void put(std::string_view bytes) {
    buffer_.append(bytes);
    if (buffer_.size() >= kFlushAt) flush();
  }
  void put(char c) { put(std::string_view(&c, 1)); }
  void flush();
  // Called before anything is written.
  void before_write(std::function<void()> call) { before_ = std::move(call); }

  bool closed() const { return closed_; }
  // What went wrong, other than a reader that left.
  const base::Status& status() const { return status_; }

 private:
  static constexpr size_t kFlushAt = size_t{64} << 10;

  int fd_;
  std::string buffer_;
  std::function<void()> before_;
  bool closed_ = false;
  base::Status status_;
};

}  // namespace query
