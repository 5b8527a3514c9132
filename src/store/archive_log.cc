#include "store/archive_log.h"

#include <algorithm>
#include <cstring>

#include "store/names.h"
#include "store/times.h"

namespace store {

ArchiveLog::ArchiveLog(ArchiveReader reader, std::string name)
    : Log(std::move(name)), reader_(std::move(reader)) {
  if (is_unstamped(this->name()))
    times_ = std::make_unique<TimesReader>(reader_.times());
}
ArchiveLog::~ArchiveLog() = default;

size_t ArchiveLog::frame_at(uint64_t offset) const {
  const auto& frames = reader_.frames();
  const auto after =
      std::ranges::upper_bound(frames, offset, {}, &ArchiveFrame::begin);
  return static_cast<size_t>(after - frames.begin()) - 1;
}

base::Result<size_t> ArchiveLog::read_at(std::span<char> into,
                                         uint64_t offset) {
  if (offset >= reader_.size() || into.empty()) return size_t{0};
  const size_t index = frame_at(offset);
  const ArchiveFrame& frame = reader_.frames()[index];
  if (index_ != index) {
    index_.reset();
    auto read = reader_.read_frame(index, frame_);
    if (!read) {
      damage_ = damage_of(frame);
      return base::fail(std::move(read.error()));
    }
    index_ = index;
  }
  const auto from = static_cast<size_t>(offset - frame.begin);
  const size_t n = std::min(into.size(), frame_.size() - from);
  std::memcpy(into.data(), frame_.data() + from, n);
  return n;
}

std::optional<Range> ArchiveLog::find(std::optional<base::Timestamp> since,
                                      std::optional<base::Timestamp> until) {
  if (!reader_.has_index()) return std::nullopt;
  const auto& frames = reader_.frames();
  // A frame of unknown times may hold any.
  const auto reaches = [&](const ArchiveFrame& frame) {
    return !since || !frame.last || *frame.last >= *since;
  };
  const auto begins = [&](const ArchiveFrame& frame) {
    return !until || !frame.first || *frame.first < *until;
  };
  const auto first = std::ranges::find_if(frames, reaches);
  if (first == frames.end()) return Range{reader_.size(), reader_.size()};
  auto begin = first->begin;
  // A frame may go on in a line of the one before.
  for (auto at = first; at != frames.begin() && !at->begins_line;)
    begin = (--at)->begin;
  uint64_t end = begin;
  for (auto at = first; at != frames.end(); ++at)
    if (begins(*at)) end = at->begin + at->size;
  // ... and its last line in the one behind.
  for (auto at = first; at != frames.end(); ++at)
    if (at->begin == end && !at->begins_line) end += at->size;
  return Range{begin, end};
}

void ArchiveLog::release_buffers() {
  index_.reset();
  frame_ = {};
}

Damage damage_of(const ArchiveFrame& frame) {
  return {.range = {frame.begin, frame.begin + frame.size},
          .first = frame.first,
          .last = frame.last,
          .lines = frame.lines};
}

base::Result<ArchiveReader> open_archive(const std::string& path) {
  auto fd = open_regular(path);
  if (!fd) return base::fail(std::move(fd.error()));
  return ArchiveReader::open(std::move(*fd), path);
}

}  // namespace store
