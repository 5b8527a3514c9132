#pragma once
// The bytes of one batch as they will be written: stamped lines, built in one
// piece so that a batch is one write(2). One per capture thread, used for one
// sink after the other; memory is touched only as far as it is used, and given
// back after an unusual batch.

#include <cstdlib>
#include <memory>
#include <string_view>

namespace capture {

class OutBuffer {
 public:
  // Appends `bytes` as lines, each line that begins in them led by `prefix`.
  // `mid_line`: whether a line is open before, and after, the call.
  void append_lines(std::string_view bytes, std::string_view prefix,
                    bool& mid_line);
  void append(std::string_view bytes);

  std::string_view view() const { return {data_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  void clear();

 private:
  void reserve(size_t more);

  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  std::unique_ptr<char, Free> data_;  // malloc: grows without copying pages
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace capture
