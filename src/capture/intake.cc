#include "capture/intake.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "base/fs.h"
#include "capture/steps.h"

namespace capture {

Intake::Intake(Spool& spool) : spool_(spool) {
  if (::getrandom(mark_.data(), mark_.size(), 0) !=
      static_cast<ssize_t>(mark_.size()))
    std::fill(mark_.begin(), mark_.end(), '\x95');
}

base::Result<Intake::Bytes> Intake::read(int pipe, uint32_t source,
                                         size_t most) {
  auto waiting = base::fs::bytes_waiting(pipe);
  if (!waiting) return base::fail(std::move(waiting.error()));
  const size_t size = std::min({*waiting, most, Spool::kIntakeSize});
  if (size == 0) return Bytes{};
  // A predecessor's read that did not happen: marks of ours must not be taken
  // for its bytes.
  if (spool_.taken() < spool_.reads().last().size)
    spool_.reads().commit(ReadRecord{});
  const auto place = spool_.intake().first(size);
  ReadRecord record{source, size, mark_};
  set_mark(record, pipe, size);
  const size_t marked = std::min(size, kMarkSize);
  std::memcpy(place.data(), record.mark.data(), marked);
  std::memcpy(place.data() + size - marked,
              record.mark.data() + kMarkSize - marked, marked);
  step("before read");
  spool_.reads().commit(record);
  step("read announced");
  auto n = base::fs::read(pipe, place, "pipe");
  step("read");
  if (!n || *n < size) {
    // Less than it held: somebody else reads it too. What is known is kept.
    record.size = n ? *n : 0;
    if (n && *n > 0) std::memset(record.mark.data(), 0, kMarkSize);
    if (n && *n > 0 && place[*n - 1] == '\0')
      std::memset(record.mark.data(), 1, kMarkSize);
    spool_.reads().commit(record);
  }
  if (!n) return base::fail(std::move(n.error()));
  return Bytes{{spool_.reads().sequence(), 0}, {place.data(), *n}};
}

// A few bytes could happen to be what lies there already. So they are looked
// at beforehand, and what is put there differs from them.
void Intake::set_mark(ReadRecord& record, int pipe, size_t size) {
  if (size >= kMarkSize) return;
  if (!peek_read_) {
    auto ends = base::fs::make_pipe();
    if (!ends) return;
    peek_read_ = std::move(ends->read);
    peek_write_ = std::move(ends->write);
  }
  auto copied = base::fs::tee(pipe, peek_write_.get(), size);
  if (!copied || *copied == 0) return;  // no pipe, but a terminal
  std::array<char, kMarkSize> peeked{};
  size_t have = 0;
  while (have < *copied) {
    auto n =
        base::fs::read(peek_read_.get(),
                       std::span(peeked).subspan(have, *copied - have), "pipe");
    if (!n || *n == 0) return;
    have += *n;
  }
  if (have == size)
    record.mark[kMarkSize - 1] = static_cast<char>(~peeked[size - 1]);
}

std::optional<Intake::Left> Intake::left() const {
  const uint64_t read = spool_.reads().sequence();
  if (read == 0) return std::nullopt;
  const ReadRecord& record = spool_.reads().last();
  const size_t size = std::min<uint64_t>(record.size, Spool::kIntakeSize);
  const uint64_t taken = spool_.taken();
  if (size == 0 || taken >= size) return std::nullopt;
  const std::string_view place(spool_.intake().data(), size);
  const size_t marked = std::min(size, kMarkSize);
  const std::string_view mark(record.mark.data() + kMarkSize - marked, marked);
  if (taken == 0 && place.substr(size - marked) == mark) {
    const bool begun = size >= 2 * kMarkSize && !place.starts_with(mark);
    if (!begun) return std::nullopt;
    return Left{static_cast<uint32_t>(record.source), {}, size};
  }
  return Left{static_cast<uint32_t>(record.source),
              {{read, taken}, place.substr(taken)},
              0};
}

}  // namespace capture
