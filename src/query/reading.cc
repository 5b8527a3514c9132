#include "query/reading.h"

#include <algorithm>
#include <set>
#include <utility>

#include "query/window.h"
#include "store/disorder.h"

namespace query {
namespace {

// Sources of one app stand together.
std::vector<std::vector<Source*>> by_app(
    const std::vector<std::unique_ptr<Source>>& sources) {
  std::vector<std::vector<Source*>> groups;
  for (const auto& source : sources) {
    if (groups.empty() ||
        groups.back().front()->origin().app != source->origin().app)
      groups.emplace_back();
    groups.back().push_back(source.get());
  }
  return groups;
}

// Whether that line begins there.
bool is_at(store::Log& log, const Cursor& cursor) {
  const auto head = store::read_head(log, cursor.offset);
  if (!head || !head->known) return false;
  if (head->stamp || log.times() == nullptr)
    return head->stamp && *head->stamp == cursor.time;
  const auto time = log.times()->at(cursor.offset);
  return time && *time && **time == cursor.time;
}

// The number of the file that a line is in. Where all before it was gone its
// live file seemed to be the first, and has another number since it is sealed.
uint64_t number_of(const Source& source, const Cursor& cursor) {
  const auto& segments = source.segments();
  if (std::ranges::find(segments, cursor.sequence, &store::Segment::sequence) !=
      segments.end())
    return cursor.sequence;
  if (source.is_open() && is_at(source.log(), cursor))
    return source.newest() + 1;
  for (auto segment = segments.rbegin(); segment != segments.rend();
       ++segment) {
    if (segment->first > store::disorder_behind(cursor.time)) continue;
    const auto opened = open_segment(*segment, {}, {});
    if (opened && opened->log && is_at(*opened->log, cursor))
      return segment->sequence;
    // Of those before it, all lines are older.
    if (segment->first < store::disorder_before(cursor.time)) break;
  }
  return cursor.sequence;
}

// Whether the line of a cursor is there, whose file has its right number.
bool is_there(const Source& source, const Cursor& cursor) {
  const auto& segments = source.segments();
  const uint64_t oldest =
      segments.empty() ? source.newest() + 1 : segments.front().sequence;
  if (cursor.sequence < oldest) return false;
  if (cursor.sequence <= source.newest()) return true;
  // A flush may have taken the live file that it was in.
  if (!source.is_open()) return false;
  const auto head = store::read_head(source.log(), cursor.offset);
  const bool is_foreign =
      head && head->known && !head->stamp && source.log().times() == nullptr;
  return is_foreign || is_at(source.log(), cursor);
}

// What was met on the way to the first line may be met again behind it.
void drop_doubles(Problems& problems) {
  std::set<std::string> seen;
  std::erase_if(problems, [&](const base::Error& problem) {
    return !seen.insert(problem.message).second;
  });
}

}  // namespace

Reading::Reading(const Query& query, const Plan& plan, bool to_be_followed)
    : query_(query), to_be_followed_(to_be_followed) {
  for (const auto& origin : plan.origins)
    sources_.push_back(std::make_unique<Source>(origin, query_));
  open_all();
}

void Reading::open_all() {
  std::vector<const Origin*> origins;
  for (const auto& source : sources_) origins.push_back(&source->origin());
  auto histories = take_histories(origins);
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (histories[i])
      sources_[i]->take(std::move(*histories[i]));
    else
      problems_.push_back(std::move(histories[i].error()));
  }
  // In a row of their own, so that all files are cut at nearly one moment.
  for (const auto& source : sources_) {
    auto size = source->size();
    if (size)
      source->allow(*size, !to_be_followed_);
    else
      problems_.push_back(std::move(size.error()));
  }
  if (!to_be_followed_) return;
  for (const auto& source : sources_) {
    if (!source->is_open()) continue;
    auto end = store::end_of_lines(source->log(), source->limit());
    if (end)
      source->narrow(*end);
    else
      problems_.push_back(std::move(end.error()));
  }
}

// At their first lines; those that can't be read are left out.
std::vector<Source*> Reading::place_all() {
  std::vector<Source*> all;
  for (auto& group : by_app(sources_)) {
    auto placed = place(group, query_, problems_);
    if (placed)
      all.insert(all.end(), group.begin(), group.end());
    else
      problems_.push_back(std::move(placed.error()));
  }
  return all;
}

uint64_t Reading::replay(Printer& printer) {
  const auto all = place_all();
  const uint64_t count = merge(all, printer, problems_);
  settle(printer);
  return count;
}

uint64_t Reading::search(Printer& printer, const LineFilter& filter,
                         bool wants_text) {
  Search search(filter, query_, wants_text, progress_);
  search.begin(sources_, problems_);
  std::vector<Source*> all;
  for (const auto& source : sources_) {
    if (source->has_event()) {
      // Events have no way back.
      if (query_.reverse) continue;
      const auto left = search.first_of(source->origin().app);
      auto placed =
          place_events(*source, left ? left : query_.since, UINT64_MAX);
      if (!placed) problems_.push_back(std::move(placed.error()));
    }
    all.push_back(source.get());
  }
  const uint64_t count = merge(all, printer, problems_, query_.reverse);
  stats_ = search.stats();
  search.end(sources_);
  settle(printer);
  return count;
}

uint64_t Reading::replay_all(Printer& printer) {
  for (const auto& source : sources_) source->begin_at(0, 0);
  const auto last = std::exchange(query_.last, std::nullopt);
  const auto all = place_all();
  query_.last = last;
  const uint64_t count = merge(all, printer, problems_);
  for (const auto& source : sources_) source->end_excerpts();
  settle(printer);
  return count;
}

bool Reading::replay_around(
    Printer& printer, const LineFilter& filter, const Around& around,
    const std::function<void(const Origin&, HitPlace)>& first) {
  bool of_all = false;
  {
    Search search(filter, query_, false, progress_);
    of_all = set_excerpts(search, sources_, around, problems_);
    for (const auto& source : sources_)
      if (const auto place = search.first_place(*source))
        first(source->origin(), *place);
    stats_ = search.stats();
  }
  if (!of_all) stats_.unlevelled = 0;
  replay_all(printer);
  return of_all;
}

void Reading::settle(Printer& printer) {
  drop_doubles(problems_);
  printer.settle();
  for (const auto& source : sources_) {
    source->leave_segments();
    source->reader().release_buffer();
  }
}

const Source* Reading::find(const Origin& origin) const {
  for (const auto& source : sources_)
    if (&source->origin() == &origin) return source.get();
  return nullptr;
}

bool Reading::begin_after(const std::vector<Cursor>& cursors) {
  Cursor cursor = cursors.front();
  const auto at = std::ranges::find_if(sources_, [&](const auto& source) {
    return cursor.is_of(source->origin());
  });
  if (at != sources_.end() && cursor.kind != Kind::Events)
    cursor.sequence = number_of(**at, cursor);
  after_ = cursor;
  for (auto source = sources_.begin(); source != sources_.end(); ++source) {
    const auto own = std::ranges::find_if(cursors, [&](const Cursor& shown) {
      return shown.is_of((*source)->origin());
    });
    if (own == cursors.end() || !begin_behind(**source, *own))
      (*source)->begin_after(cursor, source < at ? -1 : source == at ? 0 : 1);
  }
  // No line was shown yet that could be gone.
  if (cursor.kind == Kind::Events) return true;
  if (at == sources_.end()) return false;
  // Without a live file there is nothing that begins behind it.
  return (!(*at)->is_open() && cursor.sequence > (*at)->newest()) ||
         is_there(**at, cursor);
}

// False where that line is not there any more.
bool Reading::begin_behind(Source& source, Cursor shown) {
  if (source.has_event()) return false;
  shown.sequence = number_of(source, shown);
  if (!is_there(source, shown)) return false;
  source.begin_behind(*after_, shown);
  shown_.push_back(std::move(shown));
  return true;
}

std::optional<Cursor> Reading::shown_of(const Source& source) const {
  const auto at = std::ranges::find_if(shown_, [&](const Cursor& cursor) {
    return cursor.is_of(source.origin());
  });
  return at == shown_.end() ? std::nullopt : std::optional(*at);
}

Source& Reading::add(const Origin& origin) {
  sources_.push_back(std::make_unique<Source>(origin, query_));
  return *sources_.back();
}

size_t Reading::label_width() const {
  size_t width = 0;
  for (const auto& source : sources_)
    width = std::max(width, source->origin().label.size());
  return width;
}

}  // namespace query
