#include "query/cut.h"

#include <algorithm>

namespace query {
namespace {

constexpr size_t kChunk = size_t{256} << 10;

base::Error changed(const std::string& path) {
  return {base::Errc::WouldBlock, 0, "read " + path + ": changed meanwhile",
          "try again"};
}

}  // namespace

void Cut::add(HitPlace line, uint64_t end, const store::Piece& piece) {
  if (piece.begins) {
    ++lines_;
    const bool follows = !parts_.empty() && parts_.back().ended &&
                         parts_.back().file == line.file &&
                         parts_.back().end == line.offset;
    if (!follows) parts_.push_back({line.file, line.offset, line.offset});
  }
  parts_.back().end = end;
  parts_.back().ended = piece.ends;
}

base::Result<Cut> Cut::find(const Origin& origin, const Query& query,
                            Problems& problems) {
  Cut cut;
  cut.source_ = std::make_unique<Source>(origin, query);
  Source& source = *cut.source_;
  if (auto opened = source.open(); !opened)
    return base::fail(std::move(opened.error()));
  auto size = source.size();
  if (!size) return base::fail(std::move(size.error()));
  source.allow(*size, true);
  if (source.is_open()) {
    auto range =
        store::find_range(source.log(), *size, source.since(), source.until());
    if (!range) return base::fail(std::move(range.error()));
    source.narrow(range->end);
    if (range->begin > 0) source.begin_live_at(range->begin);
  }
  for (;;) {
    auto more = source.advance();
    if (!more) {
      problems.push_back(std::move(more.error()));
      if (!source.goes_on()) break;
      continue;
    }
    if (!*more) break;
    cut.add(source.line_place(), source.reader().offset(), source.piece());
  }
  for (const auto& part : cut.parts_) {
    cut.size_ += part.end - part.begin;
    if (!part.ended && &part != &cut.parts_.back()) ++cut.size_;
  }
  return cut;
}

base::Status Cut::copy(
    const std::function<base::Status(std::string_view)>& sink) {
  std::string chunk(kChunk, '\0');
  OpenSegment opened;
  uint64_t at = 0;  // in the copy
  std::vector<store::TimeEntry> times;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    const auto& segments = source_->segments();
    const bool is_live = part.file >= segments.size();
    const bool is_next = i == 0 || parts_[i - 1].file != part.file;
    if (!is_live && is_next) {
      auto segment = open_segment(segments[part.file], {}, {});
      if (!segment) return base::fail(std::move(segment.error()));
      opened = std::move(*segment);
      if (!opened.log) return base::fail(changed(segments[part.file].path));
    }
    store::Log& log = is_live ? source_->log() : *opened.log;
    if (is_next && log.times() != nullptr) {
      auto all = log.times()->all();
      if (!all) return base::fail(std::move(all.error()));
      times = std::move(*all);
    }
    if (log.times() != nullptr) copy_times(times, part, at);
    for (uint64_t from = part.begin; from < part.end;) {
      const auto most = std::min<uint64_t>(chunk.size(), part.end - from);
      auto n = log.read_at(std::span(chunk).first(most), from);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0) return base::fail(changed(log.name()));
      if (auto put = sink({chunk.data(), *n}); !put) return put;
      from += *n;
    }
    at += part.end - part.begin;
    if (part.ended || i + 1 == parts_.size()) continue;
    if (auto put = sink("\n"); !put) return put;
    ++at;
  }
  return {};
}

void Cut::copy_times(const std::vector<store::TimeEntry>& from,
                     const Part& part, uint64_t at) {
  auto entry =
      std::ranges::upper_bound(from, part.begin, {}, &store::TimeEntry::offset);
  if (entry != from.begin()) times_.push_back({at, std::prev(entry)->time});
  for (; entry != from.end() && entry->offset < part.end; ++entry)
    times_.push_back({at + entry->offset - part.begin, entry->time});
}

}  // namespace query
