#pragma once
// The bytes of a file where the kernel has them, mapped, so that to look
// through them costs no copy. For readers of much that is mostly in memory
// already; what must be fetched from a disk is better read.
//
// A mapped file that is cut, or that its disk does not give, is a SIGBUS where
// it is touched. Here such bytes are zeros, and is_whole() says so afterwards:
// then what was found is worth nothing, and read(2) is to be asked. Any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

namespace base {

class FileView {
 public:
  // The first `size` bytes, all of them there. Borrows the descriptor. Null:
  // the file, or the kernel, can't have it so. `window`: as many bytes of it
  // as stay with the process, more or less, see done().
  static std::unique_ptr<FileView> map(int fd, uint64_t size, uint64_t window);
  ~FileView();
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  // Whether the range is in memory: looked up at its ends.
  bool is_cached(uint64_t begin, uint64_t end) const;
  // Whether what was seen up to `end` was in the file, and still is.
  bool is_whole(uint64_t end) const;
  // The range is not needed any more. It can be looked at all the same. A
  // window of less than 2 MiB does not bound much: the kernel maps as much at
  // once.
  void done(uint64_t begin, uint64_t end);

  struct Slot;  // how the signal's handler knows of it

 private:
  FileView(Slot& slot, int fd, const char* data, size_t size, uint64_t window)
      : slot_(slot), fd_(fd), data_(data), size_(size), window_(window) {}

  struct Part {
    uint64_t begin = UINT64_MAX;
    uint64_t end = 0;
  };
  void drop(Part part) const;

  Slot& slot_;
  const int fd_;
  const char* const data_;
  const size_t size_;
  const uint64_t window_;
  std::mutex mutex_;  // over:
  Part done_;         // since pages were given back
  Part dropped_;      // that were then
};

}  // namespace base
