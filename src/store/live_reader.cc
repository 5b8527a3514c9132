#include "store/live_reader.h"

#include <algorithm>
#include <cstring>

#include "store/line.h"
#include "store/times.h"

namespace store {
namespace {

constexpr size_t kBufferSize = size_t{64} << 10;

}  // namespace

void LiveReader::release_buffer() {
  buffer_.reset();
  buffer_size_ = 0;
  if (log_ != nullptr) log_->release_buffers();
}

void LiveReader::seek(uint64_t line_start,
                      std::optional<base::Timestamp> inherited) {
  buffer_size_ = 0;
  position_ = scanned_ = line_start;
  newline_.reset();
  time_ = inherited;
  mid_line_ = false;
}

void LiveReader::move_to(Log& log) {
  log_ = &log;
  buffer_size_ = 0;
  newline_.reset();
  position_ = mid_line_ ? stamp_size_ + given_ : 0;
  scanned_ = position_;
}

std::string_view LiveReader::window(uint64_t limit) const {
  const uint64_t buffer_end = buffer_start_ + buffer_size_;
  const uint64_t end = std::min(buffer_end, limit);
  if (position_ < buffer_start_ || position_ >= end) return {};
  return {buffer_.get() + (position_ - buffer_start_),
          static_cast<size_t>(end - position_)};
}

// Makes the buffer begin at position_ and hold as much as it can; answers how
// many bytes lie between position_ and `limit`, at least `at_least` unless the
// file ends.
base::Result<size_t> LiveReader::fill(uint64_t limit, size_t at_least) {
  const auto have = window(limit);
  const auto wanted =
      static_cast<size_t>(std::min<uint64_t>(limit - position_, at_least));
  if (have.size() >= wanted) return have.size();
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  if (!have.empty()) std::memmove(buffer_.get(), have.data(), have.size());
  buffer_start_ = position_;
  buffer_size_ = have.size();
  while (buffer_size_ < wanted) {
    auto n = log_->read_at(
        {buffer_.get() + buffer_size_, kBufferSize - buffer_size_},
        buffer_start_ + buffer_size_);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    buffer_size_ += *n;
  }
  return window(limit).size();
}

void LiveReader::forget() {
  buffer_size_ = 0;
  scanned_ = position_;
  newline_.reset();
}

base::Result<std::optional<uint64_t>> LiveReader::read_to_end() {
  if (has_unread() || !log_->reads_to_end()) return std::nullopt;
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  auto n = log_->read_at({buffer_.get(), kBufferSize}, position_);
  if (!n) return base::fail(std::move(n.error()));
  buffer_start_ = position_;
  buffer_size_ = *n;
  // Nothing: it may also be shorter than it was.
  if (*n == 0 || *n == kBufferSize) return std::nullopt;
  return position_ + *n;
}

// Sets newline_ if there is one before `limit`. What lies beyond the buffer is
// looked through without being kept.
base::Result<bool> LiveReader::find_newline(uint64_t limit) {
  if (newline_) return *newline_ < limit;
  scanned_ = std::max(scanned_, position_);
  if (scanned_ == position_) {
    auto n = fill(limit, 1);
    if (!n) return base::fail(std::move(n.error()));
  }
  const auto bytes = window(limit);
  const uint64_t skip = scanned_ - position_;
  if (skip < bytes.size()) {
    const auto at = bytes.find('\n', static_cast<size_t>(skip));
    if (at != bytes.npos) {
      newline_ = position_ + at;
      return true;
    }
    scanned_ = position_ + bytes.size();
  }
  char chunk[16384];
  while (scanned_ < limit) {
    const auto size =
        static_cast<size_t>(std::min<uint64_t>(sizeof chunk, limit - scanned_));
    auto n = log_->read_at({chunk, size}, scanned_);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) return false;
    if (const void* at = std::memchr(chunk, '\n', *n)) {
      newline_ = scanned_ +
                 static_cast<uint64_t>(static_cast<const char*>(at) - chunk);
      return true;
    }
    scanned_ += *n;
  }
  return false;
}

// Takes the stamp off. What of the text stands before it is moved behind it, in
// the buffer: the text is then in one piece, as long as it is in the file, and
// ends where it ends there.
void LiveReader::take_stamp(const Line& line, size_t head_size) {
  stamp_size_ = head_size - line.lead.size() - line.text.size();
  char* const from = buffer_.get() + (position_ - buffer_start_);
  std::memmove(from + stamp_size_, from, line.lead.size());
  time_ = line.time;
  position_ += stamp_size_;
}

// False when a stamp is still being written.
base::Result<bool> LiveReader::begin_line(uint64_t limit) {
  stamp_size_ = 0;
  if (auto* times = log_->times()) {
    auto n = fill(limit, 1);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) return false;
    auto time = times->at(position_);
    if (!time) return base::fail(std::move(time.error()));
    time_ = *time;
  } else {
    auto n = fill(limit, kHeadSize);
    if (!n) return base::fail(std::move(n.error()));
    const auto head = window(limit).substr(0, kHeadSize);
    if (head.empty() || is_torn_prefix(head)) return false;
    const Line line = parse_line(head);
    if (line.time) take_stamp(line, head.size());
  }
  given_ = 0;
  mid_line_ = true;
  return true;
}

base::Result<Head> LiveReader::next_head() {
  return read_head(*log_, position_);
}

base::Result<bool> LiveReader::next(uint64_t limit, bool partial,
                                    Piece& piece) {
  if (position_ >= limit) return false;
  if (!partial) {
    auto complete = find_newline(limit);
    if (!complete || !*complete) return complete;
  }
  piece.begins = !mid_line_;
  if (!mid_line_) {
    auto begun = begin_line(limit);
    if (!begun || !*begun) return begun;
  }
  if (window(limit).empty()) {
    auto n = fill(limit, 1);
    if (!n) return base::fail(std::move(n.error()));
  }
  auto bytes = window(limit);
  if (bytes.empty() && !piece.begins) return false;
  const bool known = newline_ && *newline_ - position_ < bytes.size();
  auto at =
      known ? static_cast<size_t>(*newline_ - position_) : bytes.find('\n');
  if (at == bytes.npos && bytes.size() < kBufferSize &&
      position_ + bytes.size() < limit) {
    // The line goes on beyond the buffer: bring it in whole if it fits.
    auto n = fill(limit, kBufferSize);
    if (!n) return base::fail(std::move(n.error()));
    bytes = window(limit);
    at = bytes.find('\n');
  }
  piece.time = time_;
  piece.ends = at != bytes.npos;
  piece.text = bytes.substr(0, at);
  position_ += piece.text.size() + (piece.ends ? 1 : 0);
  given_ += piece.text.size();
  if (piece.ends) {
    mid_line_ = false;
    newline_.reset();
  }
  return true;
}

}  // namespace store
