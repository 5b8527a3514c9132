#include "base/file_view.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace base {

// A handler may neither lock nor allocate: what it knows is in a table.
struct FileView::Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};  // 0: not mapped
  std::atomic<uintptr_t> end{0};    // of the last page
  std::atomic<bool> torn{false};
};

namespace {

constexpr size_t kMostViews = 64;

std::array<FileView::Slot, kMostViews> slots;
struct sigaction previous{};

uintptr_t page_size() {
  static const auto size = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

uintptr_t round_down(uintptr_t address) {
  return address / page_size() * page_size();
}

// --- the signal --------------------------------------------------------------

// Makes zeros of what is mapped from `address` on, if a view has it.
bool replace_by_zeros(uintptr_t address) {
  for (auto& slot : slots) {
    const uintptr_t begin = slot.begin;
    const uintptr_t end = slot.end;
    if (begin == 0 || address < begin || address >= end) continue;
    slot.torn = true;
    const uintptr_t page = round_down(address);
    return ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

void on_sigbus(int number, siginfo_t* info, void*) {
  const int error = errno;
  // Not ours: it comes again at once, as it would without us.
  if (!replace_by_zeros(reinterpret_cast<uintptr_t>(info->si_addr)))
    ::sigaction(number, &previous, nullptr);
  errno = error;
}

bool install_handler() {
  (void)page_size();
  struct sigaction action{};
  action.sa_sigaction = &on_sigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  return ::sigaction(SIGBUS, &action, &previous) == 0;
}

FileView::Slot* take_slot() {
  static const bool installed = install_handler();
  if (!installed) return nullptr;
  for (auto& slot : slots)
    if (!slot.taken.exchange(true)) return &slot;
  return nullptr;
}

}  // namespace

// --- views -------------------------------------------------------------------

std::unique_ptr<FileView> FileView::map(int fd, uint64_t size,
                                        uint64_t window) {
  if (size == 0 || size > SIZE_MAX / 2) return nullptr;
  Slot* const slot = take_slot();
  if (slot == nullptr) return nullptr;
  void* const data =
      ::mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    slot->taken = false;
    return nullptr;
  }
  const auto begin = reinterpret_cast<uintptr_t>(data);
  slot->end = round_down(begin + size - 1) + page_size();
  slot->begin = begin;
  return std::unique_ptr<FileView>(
      new FileView(*slot, fd, static_cast<const char*>(data),
                   static_cast<size_t>(size), window));
}

FileView::~FileView() {
  slot_.begin = 0;
  ::munmap(const_cast<char*>(data_), size_);
  slot_.torn = false;
  slot_.taken = false;
}

bool FileView::is_cached(uint64_t begin, uint64_t end) const {
  for (const uint64_t at : {begin, end - 1}) {
    unsigned char page = 0;
    const uintptr_t address =
        round_down(reinterpret_cast<uintptr_t>(data_) + at);
    if (::mincore(reinterpret_cast<void*>(address), 1, &page) != 0 ||
        (page & 1) == 0)
      return false;
  }
  return true;
}

bool FileView::is_whole(uint64_t end) const {
  // Cut within its last page: that one has zeros, and no signal says so.
  struct stat now{};
  return ::fstat(fd_, &now) == 0 && static_cast<uint64_t>(now.st_size) >= end &&
         !slot_.torn;
}

void FileView::drop(Part part) const {
  if (part.begin >= part.end) return;
  const auto data = reinterpret_cast<uintptr_t>(data_);
  const uintptr_t first = round_down(data + part.begin);
  ::madvise(reinterpret_cast<void*>(first), data + part.end - first,
            MADV_DONTNEED);
}

void FileView::done(uint64_t begin, uint64_t end) {
  Part now;
  Part before;
  {
    const std::lock_guard lock(mutex_);
    done_.begin = std::min(done_.begin, begin);
    done_.end = std::max(done_.end, end);
    if (done_.end - done_.begin < window_) return;
    now = std::exchange(done_, {});
    before = std::exchange(dropped_, now);
  }
  drop(now);
  // Who touched a page of it or beside it got its neighbours again.
  drop(before);
}

}  // namespace base
