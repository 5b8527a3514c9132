#include <algorithm>
#include <cstring>

#include "store/line.h"
#include "store/live_reader.h"
#include "store/times.h"

namespace store {
namespace {

constexpr size_t kBlockSize = size_t{64} << 10;
// Often the last line alone is asked for, of hundreds of files.
constexpr size_t kFirstBlock = size_t{4} << 10;

}  // namespace

// Loads the block that ends at `end`.
base::Status BackwardLines::load_before(uint64_t end) {
  const size_t most = block_ ? kBlockSize : kFirstBlock;
  if (!block_) block_ = std::make_unique_for_overwrite<char[]>(kBlockSize);
  const auto size = static_cast<size_t>(std::min<uint64_t>(most, end));
  block_start_ = end - size;
  block_size_ = 0;
  while (block_size_ < size) {
    auto n = log_->read_at({block_.get() + block_size_, size - block_size_},
                           block_start_ + block_size_);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(base::Errc::Invalid,
                        log_->name() + ": cut while being read");
    block_size_ += *n;
  }
  return {};
}

base::Result<std::optional<BackwardLines::Mark>> BackwardLines::previous() {
  if (end_ == 0) return std::nullopt;
  const auto in_block = [&](uint64_t offset) {  // is the byte before it there?
    return offset > block_start_ && offset <= block_start_ + block_size_;
  };
  if (!in_block(end_)) {
    auto loaded = load_before(end_);
    if (!loaded) return base::fail(std::move(loaded.error()));
  }
  Mark mark;
  mark.ended = block_[end_ - 1 - block_start_] == '\n';
  mark.end = mark.ended ? end_ - 1 : end_;
  uint64_t at = mark.end;  // walks back to the beginning of the line
  while (at > 0) {
    if (!in_block(at)) {
      auto loaded = load_before(at);
      if (!loaded) return base::fail(std::move(loaded.error()));
    }
    const auto size = static_cast<size_t>(at - block_start_);
    const void* found = ::memrchr(block_.get(), '\n', size);
    if (found != nullptr) {
      at =
          block_start_ + 1 +
          static_cast<uint64_t>(static_cast<const char*>(found) - block_.get());
      break;
    }
    at = block_start_;
  }
  mark.start = end_ = at;
  if (reads_ == Reads::PlacesOnly) return mark;
  auto read = read_stamp(mark);
  if (!read) return base::fail(std::move(read.error()));
  return mark;
}

base::Status BackwardLines::read_stamp(Mark& mark) {
  if (auto* times = log_->times()) {
    auto time = times->at(mark.start);
    if (!time) return base::fail(std::move(time.error()));
    mark.stamp = *time;
    return {};
  }
  char head[kHeadSize];
  const auto size =
      static_cast<size_t>(std::min<uint64_t>(kHeadSize, mark.end - mark.start));
  if (mark.start >= block_start_ &&
      mark.start + size <= block_start_ + block_size_) {
    std::memcpy(head, block_.get() + (mark.start - block_start_), size);
  } else {
    auto n = log_->read_at({head, size}, mark.start);
    if (!n) return base::fail(std::move(n.error()));
    if (*n < size)
      return base::fail(base::Errc::Invalid,
                        log_->name() + ": cut while being read");
  }
  mark.stamp = parse_line({head, size}).time;
  mark.torn = !mark.ended && is_torn_prefix({head, size});
  return {};
}

base::Result<Head> read_head(Log& log, uint64_t offset) {
  char bytes[kHeadSize];
  auto n = log.read_at(bytes, offset);
  if (!n) return base::fail(std::move(n.error()));
  std::string_view line(bytes, *n);
  if (line.empty()) return Head{};
  if (auto* times = log.times()) {
    auto time = times->at(offset);
    if (!time) return base::fail(std::move(time.error()));
    return Head{true, *time};
  }
  if (is_torn_prefix(line)) return Head{};
  return Head{true, parse_line(line.substr(0, line.find('\n'))).time};
}

base::Result<uint64_t> end_of_lines(Log& log, uint64_t size) {
  BackwardLines lines(log, size);
  auto last = lines.previous();
  if (!last) return base::fail(std::move(last.error()));
  return *last && !(*last)->ended ? (*last)->start : size;
}

}  // namespace store
