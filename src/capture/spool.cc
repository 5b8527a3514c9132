#include "capture/spool.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace capture {
namespace {

constexpr uint64_t kMagic = 0x4c4f4f5053474c00;  // "\0LGSPOOL"
// Entries laid out or used otherwise: another major. What an older one does
// not look at: another minor.
constexpr uint32_t kMajor = 2;
constexpr uint32_t kMinor = 0;
constexpr uint32_t kStep = 16;  // entries whose pages are reserved at once

using Gaps = std::map<uint64_t, uint64_t>;

void take(Gaps& gaps, uint64_t from, uint64_t taken) {
  auto gap = gaps.upper_bound(from);
  if (gap == gaps.begin()) return;
  --gap;
  const auto [at, size] = *gap;
  if (from + taken > at + size) return;
  gaps.erase(gap);
  if (from > at) gaps[at] = from - at;
  if (at + size > from + taken) gaps[from + taken] = at + size - from - taken;
}

void put_back(Gaps& gaps, uint64_t at, uint64_t size) {
  const auto freed = gaps.emplace(at, size).first;
  if (const auto after = std::next(freed);
      after != gaps.end() && freed->first + freed->second == after->first) {
    freed->second += after->second;
    gaps.erase(after);
  }
  if (freed == gaps.begin()) return;
  const auto before = std::prev(freed);
  if (before->first + before->second != freed->first) return;
  before->second += freed->second;
  gaps.erase(freed);
}

std::optional<uint64_t> find_gap(const Gaps& gaps, uint64_t size) {
  for (const auto& [at, room] : gaps)
    if (room >= size) return at;
  return std::nullopt;
}

uint64_t whole_pages(uint64_t size) {
  return (size + 4095) & ~uint64_t{4095};
}

}  // namespace

uint64_t key_of(const SourceInfo& info) {
  return (static_cast<uint64_t>(info.app_id) + 1) << 40 |
         (info.generation & 0x7fffffffff) << 1 |
         static_cast<uint64_t>(info.stream);
}

Spool::Spool(base::SharedMemory memory) : memory_(std::move(memory)) {
  sinks_.data = sources_.data = memory_.data();
  free_[kHeapAt] = kSize - kHeapAt;
}

base::Result<Spool> Spool::create(const std::string& name) {
  auto memory = base::SharedMemory::create(name, kSize);
  if (!memory) return base::pass(std::move(memory), "spool");
  Spool spool(std::move(*memory));
  if (auto ready = spool.prepare(); !ready)
    return base::fail(std::move(ready.error()).with_context("spool"));
  if (auto spare = spool.keep_spare(); !spare)
    return base::fail(std::move(spare.error()));
  Header& header = spool.header();
  header.major = kMajor;
  header.minor = kMinor;
  header.magic = kMagic;
  return spool;
}

base::Result<Spool> Spool::open(base::SharedMemory memory) {
  if (memory.size() != kSize)
    return base::fail(base::Errc::Invalid, "spool: not of this version");
  Spool spool(std::move(memory));
  const Header& header = spool.header();
  if (header.magic != kMagic || header.major != kMajor)
    return base::fail(base::Errc::Invalid, "spool: not of this version");
  if (!spool.is_sound())
    return base::fail(base::Errc::Invalid, "spool: damaged");
  if (auto ready = spool.prepare(); !ready)
    return base::fail(std::move(ready.error()).with_context("spool"));
  spool.find_used();
  (void)spool.keep_spare();
  return spool;
}

base::Status Spool::prepare() {
  if (auto ok = memory_.reserve(0, kPage); !ok) return ok;
  if (auto ok = memory_.reserve(kIntakeAt, kIntakeSize); !ok) return ok;
  memory_.lock(kIntakeAt, kIntakeSize);
  return {};
}

// Whatever is followed later lies within.
bool Spool::is_sound() const {
  const auto in_heap = [](uint64_t at, uint64_t size) {
    return size == 0 || (at >= kHeapAt && at % kPage == 0 && at < kSize &&
                         size <= kSize - at);
  };
  if (header().sinks_end > kMaxSinks || header().sources_end > kMaxSources)
    return false;
  for (uint32_t i = 0; i < sinks_end(); ++i) {
    const SinkEntry& entry = sinks_[i];
    const SinkRecord& write = entry.writes.last();
    if (entry.used == 0) continue;
    if (entry.path_size > sizeof entry.path) return false;
    if (entry.done != entry.writes.sequence() &&
        !in_heap(write.out_at, write.out_size))
      return false;
  }
  for (uint32_t i = 0; i < sources_end(); ++i) {
    const SourceRecord& queue = sources_[i].queue.last();
    if (sources_[i].key == 0) continue;
    if (!in_heap(queue.at, queue.room) || queue.base > queue.end ||
        queue.end - queue.base > queue.room || sources_[i].queue_to > queue.end)
      return false;
  }
  return true;
}

// Everything that is in use becomes a hole in the free heap. What is free may
// still have pages: who allocated it died before it was written down, or had it
// for a life.
void Spool::find_used() {
  const auto steps = [](uint32_t end) {
    return (end + kStep - 1) / kStep * kStep;
  };
  sinks_reserved_ = steps(sinks_end());
  sources_reserved_ = steps(sources_end());
  for (uint32_t i = 0; i < sinks_end(); ++i) {
    const SinkEntry& entry = sinks_[i];
    const SinkRecord& write = entry.writes.last();
    if (entry.used == 0 || entry.done == entry.writes.sequence()) continue;
    const Extent rest = extent_of(write.out_at, write.out_size);
    take(free_, rest.at, rest.size);
  }
  for (uint32_t i = 0; i < sources_end(); ++i)
    if (sources_[i].key != 0)
      take(free_, sources_[i].queue.last().at, sources_[i].queue.last().room);
  for (const auto& [at, size] : free_) memory_.give_back(at, size);
}

Spool::Extent Spool::extent_of(uint64_t at, uint64_t size) {
  return {at, whole_pages(size)};
}

base::Result<Spool::Extent> Spool::reserve(uint64_t size) {
  const auto at = find_gap(free_, size);
  if (!at) return base::fail(base::Errc::Io, "spool: no room");
  if (auto ok = memory_.reserve(*at, size); !ok)
    return base::fail(std::move(ok.error()).with_context("spool"));
  take(free_, *at, size);
  return Extent{*at, size};
}

base::Result<Spool::Extent> Spool::allocate(size_t size) {
  const uint64_t wanted = whole_pages(size);
  auto extent = reserve(wanted);
  if (extent) return extent;
  const auto at = find_gap(spare_free_, wanted);
  if (!at) return extent;
  take(spare_free_, *at, wanted);
  return Extent{*at, wanted};
}

void Spool::free(Extent extent) {
  if (!extent) return;
  if (is_spare(extent)) return put_back(spare_free_, extent.at, extent.size);
  memory_.give_back(extent.at, extent.size);
  put_back(free_, extent.at, extent.size);
}

base::Status Spool::keep_spare() {
  if (find_gap(spare_free_, kForRead)) return {};
  auto fresh = reserve(kSpareSize);
  if (!fresh) return base::fail(std::move(fresh.error()));
  // What is in use of the old one is as any other from now on.
  spare_ = {};
  for (const auto& [at, size] : std::exchange(spare_free_, {}))
    free({at, size});
  spare_ = *fresh;
  spare_free_[spare_.at] = spare_.size;
  return {};
}

base::Result<uint32_t> Spool::add_source(const SourceInfo& info,
                                         uint32_t sink) {
  uint32_t index = 0;
  while (index < sources_end() && sources_[index].key != 0) ++index;
  if (index == kMaxSources)
    return base::fail(base::Errc::Io, "spool: too many sources");
  if (index >= sources_reserved_) {
    if (auto ok =
            memory_.reserve(kSourcesAt + sources_reserved_ * 512, kStep * 512);
        !ok)
      return base::fail(std::move(ok.error()).with_context("spool"));
    sources_reserved_ += kStep;
  }
  SourceEntry& entry = sources_[index];
  std::memset(static_cast<void*>(&entry), 0, sizeof entry);
  entry.sink = sink;
  entry.generation = info.generation;
  entry.app_id = info.app_id;
  entry.instance = info.instance;
  entry.stream = static_cast<uint32_t>(info.stream);
  info.app.copy(entry.app, sizeof entry.app - 1);
  header().sources_end = std::max(sources_end(), index + 1);
  // The same life again: one with its number was there before, and lingers.
  uint64_t key = key_of(info);
  while (find_source(key)) key += uint64_t{1} << 56;
  entry.key.store(key, std::memory_order_release);
  return index;
}

base::Result<uint32_t> Spool::add_sink(std::string_view path) {
  if (path.size() > sizeof SinkEntry::path)
    return base::fail(base::Errc::Invalid,
                      "spool: a path of over 660 bytes: " + std::string(path));
  uint32_t index = 0;
  while (index < sinks_end() && sinks_[index].used != 0) ++index;
  if (index == kMaxSinks)
    return base::fail(base::Errc::Io, "spool: too many files");
  if (index >= sinks_reserved_) {
    if (auto ok =
            memory_.reserve(kSinksAt + sinks_reserved_ * 1024, kStep * 1024);
        !ok)
      return base::fail(std::move(ok.error()).with_context("spool"));
    sinks_reserved_ += kStep;
  }
  SinkEntry& entry = sinks_[index];
  std::memset(static_cast<void*>(&entry), 0, sizeof entry);
  entry.path_size = static_cast<uint32_t>(path.size());
  path.copy(entry.path, path.size());
  header().sinks_end = std::max(sinks_end(), index + 1);
  entry.used.store(1, std::memory_order_release);
  return index;
}

bool Spool::has_unfinished() {
  for (uint32_t i = 0; i < sinks_end(); ++i)
    if (sinks_[i].used != 0 && sinks_[i].path_size > 0 &&
        sinks_[i].done != sinks_[i].writes.sequence() &&
        sinks_[i].writes.last().out_size > 0)
      return true;
  for (uint32_t i = 0; i < sources_end(); ++i)
    if (sources_[i].key != 0 &&
        sources_[i].queue.last().end != sources_[i].queue_to)
      return true;
  return false;
}

void Spool::remove_source(uint32_t index) {
  sources_[index].key.store(0, std::memory_order_release);
}

void Spool::remove_sink(uint32_t index) {
  sinks_[index].used.store(0, std::memory_order_release);
}

std::optional<uint32_t> Spool::find_sink(std::string_view path) const {
  const uint32_t end = sinks_end();
  for (uint32_t n = 0; n < end; ++n) {
    const uint32_t i = (next_sink_ + n) % end;
    const SinkEntry& entry = sinks_[i];
    if (entry.used == 0 ||
        std::string_view(entry.path, entry.path_size) != path)
      continue;
    next_sink_ = i + 1;
    return i;
  }
  return std::nullopt;
}

std::optional<uint32_t> Spool::find_source(uint64_t key) const {
  const uint32_t end = sources_end();
  for (uint32_t n = 0; n < end; ++n) {
    const uint32_t i = (next_source_ + n) % end;
    if (sources_[i].key != key) continue;
    next_source_ = i + 1;
    return i;
  }
  return std::nullopt;
}

SourceInfo Spool::info_of(const SourceEntry& entry, uint64_t id) {
  SourceInfo info;
  info.id = id;
  info.app = entry.app;
  info.app_id = entry.app_id;
  info.instance = entry.instance;
  info.generation = entry.generation;
  info.stream = static_cast<store::Stream>(entry.stream);
  return info;
}

uint64_t Spool::taken() const {
  const uint64_t word = header().taken;
  const uint64_t read = header().reads.sequence();
  return word >> 32 == (read & 0xffffffff) ? word & 0xffffffff : 0;
}

void Spool::set_taken(const Taken& taken) {
  if (taken.read != reads().sequence() || taken.to <= this->taken()) return;
  header().taken.store(taken.read << 32 | taken.to, std::memory_order_release);
}

}  // namespace capture
