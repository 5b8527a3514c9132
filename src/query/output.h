#pragma once
// Buffered bytes to a descriptor that may be a closed pipe, or not blocking.
// A reader that went away is a quiet end, not an error.

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace query {

class Output {
 public:
  // Borrows `fd`.
  explicit Output(int fd);

  // What is put at once is written at once, if it fits into the buffer.
  void put(std::string_view bytes) {
    if (bytes.size() > kRoom - size_) return put_wide(bytes);
    std::copy_n(bytes.data(), bytes.size(), buffer_.get() + size_);
    size_ += bytes.size();
  }
  void put(char c) {
    if (size_ == kRoom) flush();
    buffer_[size_++] = c;
  }
  void flush();
  // Called before anything is written.
  void before_write(std::function<void()> call) { before_ = std::move(call); }

  bool closed() const { return closed_; }
  // What went wrong, other than a reader that left.
  const base::Status& status() const { return status_; }

 private:
  static constexpr size_t kRoom = size_t{64} << 10;

  void put_wide(std::string_view bytes);
  void write(std::string_view bytes);

  int fd_;
  std::unique_ptr<char[]> buffer_;  // NOLINT(*-c-arrays): bytes
  size_t size_ = 0;                 // of what is in it
  std::function<void()> before_;
  bool closed_ = false;
  base::Status status_;
};

}  // namespace query
