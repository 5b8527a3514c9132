#include "query/hit_stream.h"

#include <algorithm>

#include "store/times.h"

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;

// From here on a file is mapped: of less there is nothing to be gained.
constexpr uint64_t kMuch = uint64_t{1} << 20;

}  // namespace

HitStream::HitStream(SearchPool& pool, Files files, Direction direction,
                     Sizes sizes, SearchStats& stats,
                     const SearchProgress& progress)
    : pool_(pool),
      files_(std::move(files)),
      direction_(direction),
      sizes_(sizes),
      ahead_(pool.threads() > 1 ? sizes.ahead : 1),
      stats_(stats),
      progress_(progress) {}

HitStream::~HitStream() {
  units_.clear();
  for (auto& pending : pending_) pending.hits.drop();
}

size_t HitStream::file_count() const {
  return files_.segments->size() + (files_.live != nullptr ? 1 : 0);
}

// --- files and their units ---------------------------------------------------

bool HitStream::open_next() {
  const size_t first = files_.begin ? files_.begin->file : 0;
  const size_t count = file_count() - std::min(first, file_count());
  if (opened_ >= count) return false;
  const size_t number = opened_++;
  open_file(direction_ == Direction::Forward ? first + number
                                             : first + count - 1 - number);
  return true;
}

void HitStream::open_file(size_t file) {
  auto log = std::make_shared<SearchedLog>();
  store::Range within;
  if (file == files_.segments->size()) {
    log->log = files_.live;
    log->end = files_.live_end;
    auto found = store::find_range(*files_.live, files_.live_end, files_.since,
                                   files_.until);
    if (!found) {
      problems_.push_back(std::move(found.error()));
      return;
    }
    within = *found;
  } else {
    auto opened =
        open_segment((*files_.segments)[file], files_.since, files_.until);
    if (!opened) {
      problems_.push_back(std::move(opened.error()));
      return;
    }
    if (!opened->log) return;
    for (auto& problem : opened->problems)
      problems_.push_back(std::move(problem));
    if (opened->hole && files_.on_damage)
      files_.on_damage(*opened->log, *opened->hole);
    log->own = std::move(opened->log);
    log->log = log->own.get();
    log->end = opened->size;
    within = opened->range;
    if (auto* archive = dynamic_cast<store::ArchiveLog*>(log->log))
      log->archive = &archive->archive();
  }
  log->since = files_.since;
  log->until = files_.until;
  if (log->log->times() != nullptr) log->form = LineForm::Plain;
  log->before = std::span(*files_.segments).first(file);
  ++stats_.files;
  if (files_.begin && files_.begin->file == file)
    within.begin = std::max(within.begin, files_.begin->offset);
  stats_.covered += within.end - std::min(within.begin, within.end);
  if (log->archive != nullptr)
    add_frame_units(file, log, within);
  else
    add_file_units(file, log, within);
}

void HitStream::add_file_units(size_t file,
                               const std::shared_ptr<SearchedLog>& log,
                               store::Range range) {
  const bool is_much = range.end - std::min(range.begin, range.end) >= kMuch;
  if (is_much && sizes_.window > 0)
    log->view = log->log->view(log->end, sizes_.window);
  const size_t first = units_.size();
  for (uint64_t at = range.begin; at < range.end; at += sizes_.unit)
    units_.push_back({Unit{.log = log,
                           .begin = at,
                           .end = std::min(range.end, at + sizes_.unit)},
                      Pending{.hits = {}, .log = log, .file = file}});
  if (direction_ == Direction::Backward)
    std::reverse(units_.begin() + static_cast<std::ptrdiff_t>(first),
                 units_.end());
}

void HitStream::add_frame_units(size_t file,
                                const std::shared_ptr<SearchedLog>& log,
                                store::Range range) {
  auto& archive = *log->archive;
  const auto& frames = archive.frames();
  log->wanted.assign(frames.size(), true);
  stats_.frames += frames.size();
  narrow(archive, range, log->wanted);
  const size_t first = units_.size();
  for (size_t i = 0; i < frames.size(); ++i) {
    if (!log->wanted[i] || (i > 0 && !frames[i].begins_line)) continue;
    units_.push_back(
        {Unit{.log = log, .begin = range.begin, .end = range.end, .frame = i},
         Pending{.hits = {}, .log = log, .file = file, .is_frame = true}});
  }
  if (direction_ == Direction::Backward)
    std::reverse(units_.begin() + static_cast<std::ptrdiff_t>(first),
                 units_.end());
}

void HitStream::drop_by_time(const store::ArchiveReader& archive,
                             store::Range range, std::vector<bool>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& frame = archive.frames()[i];
    const bool out =
        frame.begin >= range.end || frame.begin + frame.size <= range.begin ||
        (files_.since && frame.last && *frame.last < *files_.since) ||
        (files_.until && frame.first && *frame.first >= *files_.until);
    if (out) frames[i] = false;
  }
}

void HitStream::drop_by_level(const store::ArchiveReader& archive,
                              std::vector<bool>& frames) {
  const auto& filter = pool_.filter();
  const auto level = filter.query().level;
  // The level of a line that was found by its text may stand in another frame.
  const bool of_heads = !filter.by_record() || filter.pattern().takes_all();
  if (!level || !archive.has_levels() || !of_heads) return;
  const auto first = std::ranges::find(frames, true) - frames.begin();
  for (auto i = static_cast<size_t>(first); i < frames.size(); ++i) {
    // A record may go on in it that began in the file before.
    if (filter.by_record() && i == static_cast<size_t>(first)) continue;
    const auto& levels = archive.frames()[i].levels;
    bool any = false;
    for (auto l = static_cast<size_t>(*level);
         l < static_cast<size_t>(store::Level::Unknown); ++l)
      any = any || levels[l] > 0;
    if (!any) frames[i] = false;
  }
}

// Frames that share a line stay together.
void HitStream::narrow(store::ArchiveReader& archive, store::Range range,
                       std::vector<bool>& frames) {
  const auto& all = archive.frames();
  const auto count = [&] {
    return static_cast<uint64_t>(std::ranges::count(frames, true));
  };
  const auto join = [&] {
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      bool any = frames[begin];
      for (end = begin + 1; end < all.size() && !all[end].begins_line; ++end)
        any = any || frames[end];
      for (size_t i = begin; i < end; ++i) frames[i] = any;
    }
  };
  drop_by_time(archive, range, frames);
  join();
  const uint64_t in_time = count();
  drop_by_level(archive, frames);
  join();
  const uint64_t of_level = count();
  // A record may go on in the first that began in the file before.
  const auto& filter = pool_.filter();
  const bool keeps_first = filter.by_record() && filter.pattern().takes_all();
  const auto first = std::ranges::find(frames, true);
  const auto kept = static_cast<size_t>(first - frames.begin());
  const size_t known = archive.problems().size();
  if (auto asked = pool_.filter().requirement().narrow(archive, frames); !asked)
    problems_.push_back(std::move(asked.error()));
  for (size_t i = known; i < archive.problems().size(); ++i)
    problems_.push_back(archive.problems()[i]);
  if (keeps_first && kept < frames.size()) frames[kept] = true;
  join();
  stats_.by_time += all.size() - in_time;
  stats_.by_level += in_time - of_level;
  stats_.by_filter += of_level - count();
}

void HitStream::look_ahead() {
  while (pending_.size() < ahead_) {
    if (units_.empty()) {
      if (!open_next()) break;
      continue;
    }
    auto [unit, pending] = std::move(units_.front());
    units_.pop_front();
    pending.hits = pool_.search(std::move(unit));
    pending_.push_back(std::move(pending));
  }
  ahead_ = std::min(ahead_ * 2, sizes_.ahead);
}

// --- hits --------------------------------------------------------------------

base::Result<bool> HitStream::next() {
  for (;;) {
    if (!problems_.empty()) {
      auto problem = std::move(problems_.front());
      problems_.pop_front();
      return base::fail(std::move(problem));
    }
    while (at_ < hits_.hits.size()) {
      auto taken = take_hit();
      if (!taken || *taken) return taken;
    }
    look_ahead();
    if (!problems_.empty()) continue;
    if (pending_.empty()) return false;
    current_ = std::move(pending_.front());
    pending_.pop_front();
    pool_.give_back(std::move(hits_));
    hits_ = current_.hits.get();
    at_ = 0;
    file_ = current_.file;
    stats_.searched += hits_.bytes;
    stats_.unlevelled += hits_.unlevelled;
    if (current_.is_frame) {
      ++stats_.decoded;
      if (hits_.hits.empty()) ++stats_.in_vain;
    }
    if (progress_) progress_(stats_);
    if (hits_.damage && files_.on_damage)
      files_.on_damage(*current_.log->log, *hits_.damage);
    if (hits_.problem) problems_.push_back(std::move(*hits_.problem));
  }
}

const Hit& HitStream::hit_at_hand() const {
  const auto& hits = hits_.hits;
  return hits[direction_ == Direction::Forward ? at_ : hits.size() - 1 - at_];
}

void HitStream::go_to(const Hit& hit) {
  ++at_;
  line_.text = {hits_.text.data() + hit.text_at, hit.size};
  line_.place = {file_, hit.offset};
  line_.ended = hit.ended;
}

// What bears a stamp was looked at in its unit already: it is in range.
bool HitStream::next_at_hand() {
  if (at_ >= hits_.hits.size() || !problems_.empty()) return false;
  const Hit& hit = hit_at_hand();
  if (!hit.time) return false;
  go_to(hit);
  line_.time = *hit.time;
  return true;
}

base::Result<bool> HitStream::take_hit() {
  const Hit& hit = hit_at_hand();
  go_to(hit);
  if (hit.time) {
    line_.time = *hit.time;
  } else {
    auto time = time_behind(hit);
    if (!time) return base::fail(std::move(time.error()));
    line_.time = *time;
  }
  const auto& time = line_.time;
  if (files_.since && (!time || *time < *files_.since)) return false;
  return !files_.until || (time && *time < *files_.until);
}

// Of a line that bears none.
base::Result<Time> HitStream::time_behind(const Hit& hit) {
  if (auto* times = current_.log->log->times()) return times->at(hit.offset);
  return inherit({file_, hit.offset});
}

// The stamp of the last line before `place` that has one, in this file or one
// before it. However far back that is, no line is walked over twice: foreign
// files may have no stamp at all, and a hit in each line.
Time HitStream::inherit(HitPlace place) {
  if (inherited_ && place >= inherited_->begin && place <= inherited_->end)
    return inherited_->time;
  Inherited found{.begin = place, .end = place, .time = {}};
  std::unique_ptr<store::Log> opened;
  store::Log* log = current_.log->log;
  uint64_t end = place.offset;
  while (!walk_back(*log, end, found) && found.begin.file > 0) {
    const size_t older = found.begin.file - 1;
    auto next = open_segment((*files_.segments)[older], {}, {});
    if (!next || !next->log) break;
    opened = std::move(next->log);
    log = opened.get();
    end = next->size;
    found.begin = {older, end};
  }
  inherited_ = found;
  return found.time;
}

// True when more is not to be found before `end` of the file of found.begin.
bool HitStream::walk_back(store::Log& log, uint64_t end,
                          Inherited& found) const {
  // What lies before that is known.
  const bool follows = inherited_ && found.end > inherited_->end &&
                       found.begin.file == inherited_->end.file;
  const uint64_t known = follows ? inherited_->end.offset : 0;
  const auto stamped = store::last_stamped(log, known, end);
  // What is damaged is told of by the search that meets it.
  if (!stamped) return true;
  if (*stamped) {
    found.begin.offset = (*stamped)->start;
    found.time = (*stamped)->stamp;
    return true;
  }
  found.begin.offset = known;
  if (!follows) return false;
  found.begin = inherited_->begin;
  found.time = inherited_->time;
  return true;
}

}  // namespace query
