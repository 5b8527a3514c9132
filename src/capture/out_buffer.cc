#include "capture/out_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace capture {
namespace {
constexpr size_t kFirst = size_t{512} << 10;
constexpr size_t kKept = size_t{2} << 20;
}  // namespace

void OutBuffer::append_lines(std::string_view bytes, std::string_view prefix,
                             bool& mid_line) {
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  while (from < end) {
    const auto left = static_cast<size_t>(end - from);
    const void* const newline = std::memchr(from, '\n', left);
    const size_t length =
        newline == nullptr
            ? left
            : static_cast<size_t>(static_cast<const char*>(newline) - from) + 1;
    if (capacity_ - size_ < length + prefix.size())
      reserve(length + prefix.size());
    char* into = data_.get() + size_;
    if (!mid_line) {
      std::memcpy(into, prefix.data(), prefix.size());
      into += prefix.size();
    }
    std::memcpy(into, from, length);
    size_ = static_cast<size_t>(into - data_.get()) + length;
    mid_line = newline == nullptr;
    from += length;
  }
}

void OutBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (capacity_ - size_ < bytes.size()) reserve(bytes.size());
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void OutBuffer::clear() {
  size_ = 0;
  if (capacity_ <= kKept) return;
  data_.reset();
  capacity_ = 0;
}

void OutBuffer::reserve(size_t more) {
  const size_t wanted = std::max({kFirst, 2 * capacity_, size_ + more});
  auto* const grown = static_cast<char*>(std::realloc(data_.get(), wanted));
  if (grown == nullptr) throw std::bad_alloc();  // as operator new does
  (void)data_.release();
  data_.reset(grown);
  capacity_ = wanted;
}

}  // namespace capture
