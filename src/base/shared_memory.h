#pragma once
// Memory that outlives the process which fills it: a file in /dev/shm, mapped.
// It lives as long as somebody holds its descriptor, or as its name is there.
// Pages are reserved before they are touched, so that a full tmpfs is an error
// and not a SIGBUS. Not synchronised: who shares it agrees on who writes what.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

class SharedMemory {
 public:
  // `size` bytes of zeros, none of them reserved yet, 0600. `name` (no slash)
  // must not be there yet: Errc::Exists. Where there is no /dev/shm, or it is
  // full, or `name` is empty: without a name, gone with its last descriptor.
  static Result<SharedMemory> create(const std::string& name, size_t size);
  // What create() made; refused unless it is a regular file of ours that
  // nobody else may open.
  static Result<SharedMemory> open(const std::string& name);
  static Result<SharedMemory> adopt(UniqueFd fd);
  static void remove(const std::string& name);

  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  char* data() const { return data_; }
  size_t size() const { return size_; }
  int fd() const { return fd_.get(); }

  // Makes sure that the range may be touched.
  Status reserve(size_t offset, size_t size);
  // Gives the pages of the range back; they read as zeros, and are to be
  // reserved anew.
  void give_back(size_t offset, size_t size);
  // Keeps the range in memory as far as the user's limit allows, so that the
  // kernel never faults while it copies there.
  void lock(size_t offset, size_t size);

 private:
  SharedMemory(UniqueFd fd, char* data, size_t size)
      : fd_(std::move(fd)), data_(data), size_(size) {}

  UniqueFd fd_;
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace base
