#include "query/source.h"

#include <algorithm>
#include <utility>

#include "query/record_head.h"
#include "store/disorder.h"

namespace query {
namespace {

// An event is a few hundred bytes; what is far longer is none of ours.
constexpr size_t kMaxEvent = size_t{1} << 20;
// What was written so much later than another's line, with a lesser stamp, is
// too late for who goes on behind that.
constexpr int64_t kLateUs = 60'000'000;

// As a whole it would be read before its parts, just written, are at hand.
void copy_time(const std::optional<base::Timestamp>& from,
               std::optional<base::Timestamp>& to) {
  if (from)
    to = *from;
  else
    to.reset();
}

}  // namespace

Source::Source(Origin origin, const Query& query)
    : origin_(std::move(origin)),
      since_(std::max(query.since, origin_.since)),
      until_(query.until) {
  if (origin_.until && (!until_ || *origin_.until < *until_))
    until_ = origin_.until;
}

base::Status Source::open() {
  auto history = take_history(origin_, 0);
  if (!history) return base::fail(std::move(history.error()));
  take(std::move(*history));
  return {};
}

void Source::take(History history) {
  live_ = std::move(history.live);
  identity_ = history.identity;
  limit_ = 0;
  segments_ = std::move(history.segments);
  newest_ = history.newest;
  live_begin_.reset();
  begin_at(0, 0);
}

void Source::adopt(std::unique_ptr<store::Log> log,
                   const struct ::stat& identity, uint64_t sequence,
                   bool same_line) {
  if (by_place_) after_.reset();  // all that is new is behind it
  if (same_line) {
    reader_.move_to(*log);
    line_.offset = 0;
  } else {
    const auto inherited = reader_.line_time();
    reader_.restart(log.get());
    reader_.seek(0, inherited);
  }
  live_ = std::move(log);
  identity_ = identity;
  newest_ = sequence - 1;
  limit_ = 0;
}

void Source::begin_at(size_t file, uint64_t offset,
                      std::optional<base::Timestamp> inherited) {
  segment_.reset();
  at_ = file;
  key_.reset();
  inherited_ = inherited;
  begin_.reset();
  if (offset > 0 || inherited) begin_ = offset;
  if (!in_segments()) enter_live();
}

void Source::begin_live_at(uint64_t offset) {
  live_begin_ = offset;
  if (!in_segments()) begin_at(at_, offset);
}

void Source::leave_segments() {
  if (!in_segments()) return;
  inherited_.reset();
  segment_.reset();
  at_ = segments_.size();
  enter_live();
}

void Source::enter_live() {
  leapt_to_.reset();
  const uint64_t offset = begin_ ? *begin_ : live_begin_.value_or(0);
  reader_.restart(live_.get());
  // What was passed over would have told the stamp.
  const bool passed_over = !begin_ && offset > 0;
  reader_.seek(offset, passed_over ? std::nullopt : inherited_);
  begin_.reset();
}

void Source::set_excerpts(Excerpts excerpts) {
  excerpts_ = std::move(excerpts);
  leapt_to_.reset();
  passed_over_ = false;
}

void Source::end_excerpts() {
  if (!excerpts_) return;
  excerpts_.reset();
  leave_segments();
  if (reader_.offset() < limit_) reader_.seek(limit_);
}

// Whether a line of that time is in one; finds the one that it is before, too.
// By its place in the flow, too, which is a later one where it is out of order.
bool Source::in_excerpt(std::optional<base::Timestamp> time) {
  // It has that of a line which was passed over, and so is as old.
  if (!time && passed_over_) return false;
  const auto at =
      std::ranges::lower_bound(*excerpts_, time, {}, &Excerpt::last);
  excerpt_ = static_cast<size_t>(at - excerpts_->begin());
  return at != excerpts_->end() && at->first <= key_;
}

// Passes over what is before the next excerpt, in the file that we are in.
base::Status Source::leap() {
  // Behind a line that is too late for an excerpt there may be one that is not.
  if (excerpt_ > 0)
    if (const auto last = (*excerpts_)[excerpt_ - 1].last;
        last && piece_.time <= store::disorder_behind(*last))
      return {};
  if (std::exchange(leapt_to_, excerpt_) == excerpt_) return {};
  store::Log* log = segment_ ? segment_.get() : live_.get();
  const uint64_t limit = segment_ ? segment_limit_ : limit_;
  if (excerpt_ >= excerpts_->size()) {
    reader_.seek(limit);
    return {};
  }
  auto range = store::find_range(*log, limit, (*excerpts_)[excerpt_].first, {});
  if (!range) return base::fail(std::move(range.error()));
  if (range->begin > reader_.offset()) {
    reader_.seek(range->begin);
    passed_over_ = true;
  }
  return {};
}

// Since when lines of a segment can be of use.
std::optional<base::Timestamp> Source::since_in(
    const store::Segment& segment) const {
  if (!excerpts_) return since_;
  // Its name has its first stamp to the second; lines may be a little earlier.
  const auto begin = store::disorder_before(segment.first);
  const auto next =
      std::ranges::lower_bound(*excerpts_, begin, {}, &Excerpt::last);
  if (next == excerpts_->end()) return base::Timestamp{INT64_MAX};
  return std::max(since_, next->first);
}

base::Status Source::enter_segment() {
  const auto& segment = segments_[at_];
  segment_cut_ = true;
  leapt_to_.reset();
  auto opened = open_segment(segment, since_in(segment), until_);
  if (!opened) return base::fail(std::move(opened.error()));
  problems_ = std::move(opened->problems);
  segment_ = std::move(opened->log);
  if (opened->hole) note_damage(*segment_, *opened->hole);
  segment_limit_ = opened->range.end;
  segment_cut_ = !opened->reaches_end();
  const uint64_t begin = begin_ ? *begin_ : opened->range.begin;
  const bool inherits = begin_.has_value() || opened->reaches_begin();
  reader_.restart(segment_.get());
  reader_.seek(begin, inherits ? inherited_ : std::nullopt);
  begin_.reset();
  passed_over_ = passed_over_ || !inherits || segment_cut_;
  return {};
}

// What is damaged costs its own lines; true when others follow. (They may have
// no stamp before the first that has one.)
bool Source::pass_damage() {
  const auto damage = segment_ ? segment_->damage() : std::nullopt;
  if (!damage) return false;
  note_damage(*segment_, *damage);
  if (damage->range.end >= segment_limit_) return false;
  reader_.seek(damage->range.end, std::nullopt);
  return true;
}

void Source::note_damage(const store::Log& log, const store::Damage& damage) {
  DamagedPart part{log.name(), damage};
  if (std::ranges::find(damaged_, part) == damaged_.end())
    damaged_.push_back(std::move(part));
}

void Source::leave_segment() {
  inherited_ = segment_cut_ ? std::nullopt : reader_.line_time();
  segment_.reset();
  begin_.reset();
  ++at_;
  if (!in_segments()) enter_live();
}

bool Source::is_file(const struct ::stat& other) const {
  return other.st_dev == identity_.st_dev && other.st_ino == identity_.st_ino;
}

base::Result<uint64_t> Source::size() const {
  if (!live_) return uint64_t{0};
  return live_->size();
}

base::Result<uint64_t> Source::read_size() {
  auto end = reader_.read_to_end();
  if (!end) return base::fail(std::move(end.error()));
  return *end ? **end : size();
}

void Source::allow(uint64_t limit, bool partial) {
  limit_ = limit;
  partial_ = partial && !has_event();
}

std::optional<RecordBefore> Source::record_before() const {
  store::Log* log = segment_ ? segment_.get() : live_.get();
  if (log == nullptr) return std::nullopt;
  const auto before = std::span(segments_).first(at_);
  const auto form =
      log->times() != nullptr ? LineForm::Plain : LineForm::Stamped;
  // Back over the line itself.
  store::BackwardLines lines(*log, reader_.offset());
  const auto own = lines.previous();
  if (!own || !*own) return std::nullopt;
  auto found = find_record_before(*log, (*own)->start, form, before);
  return found ? *found : std::nullopt;
}

bool Source::in_range(std::optional<base::Timestamp> time) const {
  if (since_ && (!time || *time < *since_)) return false;
  return !until_ || (time && *time < *until_);
}

// Whether it is of a life that was asked for, if lives were.
bool Source::in_stretch(const store::Event& event) const {
  const auto& stretches = origin_.stretches;
  if (stretches.empty() || event.instance < 0 ||
      event.kind == store::EventKind::LineEnded)
    return true;
  auto own =
      std::ranges::find(stretches, event.instance, &Origin::Stretch::instance);
  if (own == stretches.end())
    own = std::ranges::find(stretches, -1, &Origin::Stretch::instance);
  if (own == stretches.end()) return false;
  return event.time >= own->from && (!own->until || event.time < *own->until);
}

// The piece's bytes as part of an event. True when an event is whole, known
// and asked for.
bool Source::take_event() {
  if (piece_.begins) event_text_.clear();
  if (event_text_.size() <= kMaxEvent) event_text_.append(piece_.text);
  if (!piece_.ends) return false;
  auto event = store::parse_event(event_text_);
  if (!event) return false;
  event_ = std::move(*event);
  if (after_ && event_.time <= std::max(after_->time, after_->events))
    return false;
  const bool wanted =
      origin_.only.empty() || event_.instance < 0 ||
      std::ranges::find(origin_.only, event_.instance) != origin_.only.end();
  // The end of a line may be noted after the range that the line is in.
  return wanted && in_stretch(event_) &&
         (in_range(event_.time) || event_.kind == store::EventKind::LineEnded);
}

base::Result<bool> Source::next_piece() {
  while (in_segments()) {
    base::Result<bool> more = false;
    if (!segment_) {
      if (auto entered = enter_segment(); !entered)
        more = base::fail(std::move(entered.error()));
    }
    if (more && !problems_.empty()) {
      auto problem = std::move(problems_.back());
      problems_.pop_back();
      return base::fail(std::move(problem));
    }
    start_ = reader_.offset();
    // Nobody writes it any more: a line that has not ended never will.
    if (more && segment_) more = reader_.next(segment_limit_, true, piece_);
    if (more && *more) return true;
    if (!more && pass_damage()) return more;
    leave_segment();
    if (!more) return more;
  }
  start_ = reader_.offset();
  return reader_.next(limit_, partial_, piece_);
}

void Source::set_hits(std::unique_ptr<Hits> hits, bool backward) {
  hits_ = std::move(hits);
  backward_ = backward;
  has_key_ = false;
  key_.reset();
  if (hits_) return;
  leave_segments();
  reader_.seek(limit_);
}

base::Result<bool> Source::next_hit() {
  for (;;) {
    auto more = hits_->next();
    if (!more || !*more || take_hit()) return more;
  }
}

bool Source::advance_at_hand() {
  return hits_ != nullptr && hits_->next_at_hand() && take_hit();
}

// False: it was given before.
bool Source::take_hit() {
  const auto& [text, time, place, ended] = hits_->line();
  if (after_ && is_passed(time, place)) return false;
  line_ = place;
  copy_time(time, piece_.time);
  piece_.text = text;
  piece_.begins = true;
  piece_.ends = ended;
  if (!has_key_ || (backward_ ? time < key_ : time > key_))
    copy_time(time, key_);
  has_key_ = true;
  return true;
}

uint64_t Source::sequence_of(size_t file) const {
  return file < segments_.size() ? segments_[file].sequence : newest_ + 1;
}

Cursor Source::cursor() const {
  return {.time = piece_.time.value_or(base::Timestamp{}),
          .app = origin_.app,
          .instance = origin_.instance,
          .kind = origin_.kind,
          .sequence = sequence_of(line_.file),
          .offset = line_.offset};
}

void Source::begin_after(const Cursor& cursor, int rank) {
  after_ = cursor;
  after_rank_ = rank;
  since_ = std::max(since_, std::optional(cursor.time));
}

void Source::begin_behind(const Cursor& cursor, const Cursor& shown) {
  after_ = shown;
  by_place_ = true;
  const base::Timestamp late{cursor.time.us - kLateUs};
  since_ = std::max(since_, std::optional(std::max(shown.time, late)));
}

bool Source::is_passed(std::optional<base::Timestamp> time,
                       HitPlace place) const {
  if (!after_) return false;
  const auto at_or_before = [&] {
    return std::pair(sequence_of(place.file), place.offset) <=
           std::pair(after_->sequence, after_->offset);
  };
  // By its time another file has the place of one that was emptied.
  if (by_place_)
    return !(time > store::disorder_behind(after_->time)) && at_or_before();
  if (time > after_->time) return false;
  if (!time || *time < after_->time || after_rank_ < 0) return true;
  return after_rank_ == 0 && at_or_before();
}

base::Result<bool> Source::advance() {
  if (hits_) return next_hit();
  for (;;) {
    auto more = next_piece();
    if (!more || !*more) return more;
    if (piece_.begins) line_ = {at_, start_};
    if (has_event()) {
      if (!take_event()) continue;
      key_ = std::max(key_, std::optional(event_.time));
      return true;
    }
    if (piece_.begins) {
      skipping_ = !in_range(piece_.time) || is_passed(piece_.time, line_);
      if (excerpts_ && !skipping_) {
        key_ = std::max(key_, piece_.time);
        skipping_ = !in_excerpt(piece_.time);
        if (skipping_ && piece_.ends)
          if (auto leapt = leap(); !leapt)
            return base::fail(std::move(leapt.error()));
      }
    }
    if (skipping_) {
      skipped_ = true;
      continue;
    }
    key_ = std::max(key_, piece_.time);
    return true;
  }
}

void read_events(const std::vector<Origin>& origins, Problems& problems,
                 const std::function<void(const store::Event&)>& on_event) {
  for (const auto& origin : origins) {
    if (origin.kind != Kind::Events) continue;
    Source source(origin, {});
    auto opened = source.open();
    if (!opened) {
      problems.push_back(std::move(opened.error()));
      continue;
    }
    auto size = source.size();
    source.allow(size ? *size : 0, false);
    for (;;) {
      auto more = source.advance();
      if (!more) problems.push_back(std::move(more.error()));
      if (!more || !*more) break;
      on_event(source.event());
    }
  }
}

}  // namespace query
