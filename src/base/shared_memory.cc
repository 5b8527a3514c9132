#include "base/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/failpoint.h"
#include "base/fs.h"

namespace base {
namespace {

constexpr int kFlags = O_RDWR | O_NOFOLLOW | O_NONBLOCK;

std::string path_of(const std::string& name) {
  return "/dev/shm/" + name;
}

Result<UniqueFd> make(const std::string& name) {
  if (!name.empty()) {
    auto fd = fs::open(path_of(name), kFlags | O_CREAT | O_EXCL);
    if (fd || fd.error().code == Errc::Exists) return fd;
  }
  UniqueFd fd(::memfd_create("lodge", MFD_CLOEXEC));
  if (!fd) return fail(fs::errno_error(errno, "memfd_create", ""));
  return fd;
}

}  // namespace

Result<SharedMemory> SharedMemory::create(const std::string& name,
                                          size_t size) {
  auto fd = make(name);
  if (!fd) return pass(std::move(fd), "shared memory");
  if (auto sized = fs::truncate(fd->get(), size, "shared memory"); !sized)
    return fail(std::move(sized.error()));
  return adopt(std::move(*fd));
}

Result<SharedMemory> SharedMemory::open(const std::string& name) {
  auto fd = fs::open(path_of(name), kFlags);
  if (!fd) return pass(std::move(fd), "shared memory");
  auto info = fs::fstat(fd->get(), name);
  if (!info) return fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode) || info->st_uid != ::geteuid() ||
      (info->st_mode & 077) != 0)
    return fail(Errc::Denied, "shared memory: " + path_of(name) +
                                  " is not a private file of ours");
  return adopt(std::move(*fd));
}

Result<SharedMemory> SharedMemory::adopt(UniqueFd fd) {
  auto info = fs::fstat(fd.get(), "shared memory");
  if (!info) return fail(std::move(info.error()));
  const auto size = static_cast<size_t>(info->st_size);
  if (size == 0) return fail(Errc::Invalid, "shared memory: empty");
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (data == MAP_FAILED)
    return fail(fs::errno_error(errno, "mmap", "shared memory"));
  return SharedMemory(std::move(fd), static_cast<char*>(data), size);
}

void SharedMemory::remove(const std::string& name) {
  (void)fs::unlink(path_of(name));
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : fd_(std::move(other.fd_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Status SharedMemory::reserve(size_t offset, size_t size) {
  if (const auto verdict = failpoint::consult("reserve", "shared memory");
      verdict.error != 0)
    return fail(fs::errno_error(verdict.error, "reserve", "shared memory"));
  int result = 0;
  do {
    result = ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset), static_cast<off_t>(size));
  } while (result < 0 && errno == EINTR);
  if (result < 0)
    return fail(fs::errno_error(errno, "reserve", "shared memory"));
  return {};
}

void SharedMemory::give_back(size_t offset, size_t size) {
  // Kept pages would only cost memory.
  (void)::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
                    static_cast<off_t>(offset), static_cast<off_t>(size));
}

void SharedMemory::lock(size_t offset, size_t size) {
  (void)::mlock(data_ + offset, size);
}

}  // namespace base
