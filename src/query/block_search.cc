#include "query/block_search.h"

#include <algorithm>
#include <cstring>

#include "query/record_head.h"
#include "store/line.h"
#include "store/live_reader.h"

namespace query {
namespace {

// A block stays in a core's own cache while it is searched.
constexpr size_t kBlock = size_t{256} << 10;
// What is read beyond a unit at first, for the end of its last line.
constexpr size_t kOverhang = size_t{4} << 10;

size_t line_end(std::string_view block, size_t begin) {
  return std::min(block.find('\n', begin), block.size());
}

// Adds up to `count` bytes from `offset` on; fewer when the log ends.
base::Status read_more(const SearchedLog& log, uint64_t offset, size_t count,
                       base::BigString& into) {
  const size_t before = into.size();
  base::Status status;
  into.resize_and_overwrite(before + count, [&](char* at, size_t) {
    size_t have = before;
    while (have < before + count) {
      auto n = log.log->read_at({at + have, before + count - have},
                                offset + (have - before));
      if (!n) status = base::fail(std::move(n.error()));
      if (!n || *n == 0) break;
      have += *n;
    }
    return have;
  });
  return status;
}

}  // namespace

void UnitHits::clear() {
  text.clear();
  hits.clear();
  bytes = unlevelled = 0;
  problem.reset();
  damage.reset();
}

Searcher::Searcher(const LineFilter& filter, bool wants_text)
    : filter_(filter.clone()),
      wants_text_(wants_text),
      finder_(filter_.pattern(),
              filter_.by_record() && !filter_.pattern().takes_all()
                  ? Requirement{}
                  : filter_.requirement()) {}

UnitHits Searcher::search(const Unit& unit, UnitHits hits) {
  if (last_log_.lock() != unit.log) {
    last_log_ = unit.log;
    behind_.reset();
    known_at_ = UINT64_MAX;
  }
  auto searched = unit.log->archive != nullptr ? search_frame(unit, hits)
                                               : search_file(unit, hits);
  if (!searched) hits.problem = std::move(searched.error());
  return hits;
}

// --- units -------------------------------------------------------------------

// Where the first line begins that begins at `begin` or later.
base::Result<uint64_t> Searcher::first_line(const SearchedLog& log,
                                            uint64_t begin, uint64_t end) {
  if (begin == 0) return begin;
  for (uint64_t at = begin - 1; at < end; at += buffer_.size()) {
    buffer_.clear();
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(kOverhang, log.end - at));
    if (auto read = read_more(log, at, count, buffer_); !read)
      return base::fail(std::move(read.error()));
    if (buffer_.empty()) break;
    const auto newline = buffer_.find('\n');
    if (newline != buffer_.npos) return at + newline + 1;
  }
  return log.end;
}

// Makes block_ the lines from `begin` on that begin before `end`, or as many as
// a block holds.
base::Status Searcher::load(const SearchedLog& log, uint64_t begin,
                            uint64_t end) {
  buffer_.clear();
  size_t more = kBlock;
  if (end - begin < kBlock) more = static_cast<size_t>(end - begin) + kOverhang;
  buffer_.reserve(more);
  for (;;) {
    const size_t before = buffer_.size();
    const uint64_t at = begin + before;
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(more, log.end - at));
    if (auto read = read_more(log, at, count, buffer_); !read) return read;
    const bool at_end =
        buffer_.size() < before + count || begin + buffer_.size() >= log.end;
    block_ = buffer_;
    // The last line that begins before `end` ends here:
    const uint64_t last = end - begin - 1;
    const auto newline = last < block_.size()
                             ? block_.find('\n', static_cast<size_t>(last))
                         : at_end ? block_.npos
                                  : block_.rfind('\n');
    if (newline != block_.npos) block_ = block_.substr(0, newline + 1);
    if (at_end || newline != block_.npos) break;
    more = std::max(kOverhang, buffer_.size());
  }
  block_begin_ = begin;
  return {};
}

base::Status Searcher::search_file(const Unit& unit, UnitHits& into) {
  const SearchedLog& log = *unit.log;
  if (log.view && log.view->is_cached(unit.begin, unit.end)) {
    if (search_view(unit, into)) return {};
    into.clear();
    known_at_ = UINT64_MAX;
  }
  auto begin = first_line(log, unit.begin, unit.end);
  if (!begin) return base::fail(std::move(begin.error()));
  for (uint64_t at = *begin; at < std::min(unit.end, log.end);) {
    if (auto loaded = load(log, at, unit.end); !loaded) return loaded;
    if (block_.empty()) break;
    at += block_.size();
    search_block(log, into);
  }
  return {};
}

// False: the file was cut meanwhile, or can't be read.
bool Searcher::search_view(const Unit& unit, UnitHits& into) {
  const SearchedLog& log = *unit.log;
  const auto bytes = log.view->bytes();
  const auto end = static_cast<size_t>(std::min(unit.end, log.end));
  auto at = static_cast<size_t>(unit.begin);
  if (at > 0) {
    const auto newline = bytes.substr(0, end).find('\n', at - 1);
    at = newline == bytes.npos ? end : newline + 1;
  }
  while (at < end) {
    auto last = bytes.npos;
    if (end - at > kBlock) last = bytes.substr(at, kBlock).rfind('\n');
    if (last != bytes.npos)
      last += at;
    else
      last = bytes.find('\n', std::min(at + kBlock, end) - 1);
    block_ = bytes.substr(at, last == bytes.npos ? last : last + 1 - at);
    block_begin_ = at;
    at += block_.size();
    search_block(log, into);
  }
  log.view->done(unit.begin, end);
  return log.view->is_whole(std::max(at, end));
}

// The frame, and those that go on in its last line. Answers which is next.
base::Result<size_t> Searcher::load_frame(const SearchedLog& log, size_t frame,
                                          UnitHits& into) {
  const auto& frames = log.archive->frames();
  buffer_.clear();
  // Frames differ by a line in size: room for the next, too.
  const uint64_t room = frames[frame].size + frames[frame].stored;
  buffer_.reserve(static_cast<size_t>(room + room / 8));
  block_begin_ = frames[frame].begin;
  base::Status status;
  do {
    status = decoder_.append_frame(*log.archive, frame, buffer_);
    ++frame;
  } while (status && frame < frames.size() && !frames[frame].begins_line);
  if (!status) into.damage = store::damage_of(frames[frame - 1]);
  // Of a line whose end is lost, what there is of it is searched.
  if (!status && buffer_.empty()) return base::fail(std::move(status.error()));
  if (!status) into.problem = std::move(status.error());
  const uint64_t most = log.end - std::min(block_begin_, log.end);
  block_ = std::string_view(buffer_).substr(0, static_cast<size_t>(most));
  return frame;
}

base::Status Searcher::search_frame(const Unit& unit, UnitHits& into) {
  const SearchedLog& log = *unit.log;
  auto next = load_frame(log, unit.frame, into);
  if (!next) return base::fail(std::move(next.error()));
  if (unit.begin > block_begin_) {
    block_.remove_prefix(static_cast<size_t>(
        std::min<uint64_t>(unit.begin - block_begin_, block_.size())));
    block_begin_ = unit.begin;
  }
  if (block_.empty() || !search_block(log, into)) return {};
  return follow_record(unit, *next, into);
}

// What a wanted record has in frames that are no units.
base::Status Searcher::follow_record(const Unit& unit, size_t frame,
                                     UnitHits& into) {
  const SearchedLog& log = *unit.log;
  const auto& frames = log.archive->frames();
  while (frame < frames.size() && !log.wanted[frame] &&
         frames[frame].begin < log.end) {
    auto next = load_frame(log, frame, into);
    if (!next) return base::fail(std::move(next.error()));
    if (take_rest_of_record(log, 0, known_.size, into) < block_.size()) break;
    frame = *next;
  }
  return {};
}

// --- blocks ------------------------------------------------------------------

Searcher::Line Searcher::line_at(const SearchedLog& log, size_t begin) {
  return line_of(log, {begin, line_end(block_, begin)});
}

Searcher::Line Searcher::line_of(const SearchedLog& log, Span at) {
  Line line;
  line.at = at;
  const auto bytes = block_.substr(at.begin, at.end - at.begin);
  line.text = bytes;
  if (log.form == LineForm::Plain) return line;
  const auto parsed = parser_.parse(bytes);
  if (parsed.time) line.time = *parsed.time;  // (as a whole it is slower)
  line.text = parsed.text;
  if (!parsed.lead.empty()) {
    scratch_.assign(parsed.lead).append(parsed.text);
    line.text = scratch_;
  }
  return line;
}

void Searcher::add(const SearchedLog& log, const Line& line,
                   UnitHits& into) const {
  const bool ended = line.at.end < block_.size();
  if (!ended) {
    const auto bytes = block_.substr(line.at.begin);
    const bool torn =
        log.form == LineForm::Stamped && store::is_torn_prefix(bytes);
    if (bytes.empty() || torn) return;
  }
  if (line.time && ((log.since && *line.time < *log.since) ||
                    (log.until && *line.time >= *log.until)))
    return;
  // In place: copied, they would be read before they are written.
  Hit& hit = into.hits.emplace_back();
  hit.offset = block_begin_ + line.at.begin;
  hit.text_at = into.text.size();
  hit.size = line.text.size();
  hit.time = line.time;
  hit.ended = ended;
  if (wants_text_) into.text.append(line.text);
}

bool Searcher::search_block(const SearchedLog& log, UnitHits& into) {
  into.bytes += block_.size();
  finder_.set_buffer(block_, log.form);
  if (filter_.by_record()) {
    if (filter_.pattern().takes_all()) return search_records(log, into);
    search_lines_by_record(log, into);
    return false;
  }
  Span at;
  for (size_t from = 0; from < block_.size() && finder_.next(from, at);
       from = at.end + 1) {
    const Line line = line_of(log, at);
    if (filter_.judges_heads() && !filter_.takes_head(line.text)) {
      if (filter_.is_unlevelled(line.text)) ++into.unlevelled;
      continue;
    }
    add(log, line, into);
  }
  return false;
}

// Lines whose text matches, each if its head is wanted.
void Searcher::search_lines_by_record(const SearchedLog& log, UnitHits& into) {
  Span at;
  for (size_t from = 0; from < block_.size() && finder_.next(from, at);
       from = at.end + 1) {
    Standing standing;
    const Line line = line_with_standing(log, at.begin, standing, into);
    if (!(is_over(standing) ? takes_head(line.text, into) : standing.taken))
      continue;
    if (!filter_.pattern().excludes(line.text)) add(log, line, into);
  }
}

// Whole records whose heads are wanted. Answers whether the last goes on where
// the block ends.
bool Searcher::search_records(const SearchedLog& log, UnitHits& into) {
  size_t from = 0;
  bool open = false;
  if (continues(log, line_at(log, 0))) {
    auto before = standing_before(log);
    if (!before) before = {{}, filter_.takes_head(line_at(log, 0).text)};
    if (before->taken) from = take_rest_of_record(log, 0, before->size, into);
    open = from >= block_.size();
  }
  Span at;
  while (from < block_.size() && finder_.next(from, at)) {
    from = at.end + 1;
    Standing standing;
    const Line line = line_with_standing(log, at.begin, standing, into);
    if (is_over(standing)) {
      if (takes_head(line.text, into)) add(log, line, into);
      continue;
    }
    // It goes on in a record that is not.
    if (!standing.taken) continue;
    add(log, line, into);
    from = take_rest_of_record(log, from, standing.size, into);
    open = from >= block_.size();
  }
  return open;
}

// The lines of a wanted record from `from` on, of which there is `size` before;
// answers where it ends.
size_t Searcher::take_rest_of_record(const SearchedLog& log, size_t from,
                                     RecordSize size, UnitHits& into) {
  while (from < block_.size()) {
    const Line line = line_at(log, from);
    if (!continues(log, line)) break;
    RecordSize more = size;
    more.add(line.text);
    if (more.is_over(filter_.query().cap)) break;
    size = more;
    if (filter_.takes_line(line.text)) add(log, line, into);
    from = line.at.end + 1;
  }
  remember(from, {size, true});
  return from;
}

bool Searcher::takes_head(std::string_view text, UnitHits& into) const {
  if (filter_.takes_head(text)) return true;
  if (filter_.is_unlevelled(text)) ++into.unlevelled;
  return false;
}

// Goes back to the line's head, or to where more is known.
Searcher::Line Searcher::line_with_standing(const SearchedLog& log,
                                            size_t begin, Standing& standing,
                                            UnitHits& into) {
  Line line = line_at(log, begin);
  for (;;) {
    standing.size.add(line.text);
    if (is_over(standing)) break;
    if (!continues(log, line)) {
      standing.taken = takes_head(line.text, into);
      break;
    }
    const size_t at = line.at.begin;
    const bool is_known = block_begin_ + at == known_at_;
    if (is_known || at == 0) {
      const auto before = is_known ? known_ : standing_before(log);
      if (before) standing.size += before->size;
      standing.taken = before ? before->taken : filter_.takes_head(line.text);
      break;
    }
    const auto newline =
        at < 2 ? std::string::npos : block_.rfind('\n', at - 2);
    line = line_at(log, newline == std::string::npos ? 0 : newline + 1);
  }
  if (line.at.begin != begin) line = line_at(log, begin);
  remember(line.at.end + 1, standing);
  return line;
}

// Of the line before the block; nullopt: it can't be read, or is not there.
// Then what goes on has the block's first line for its head.
std::optional<Searcher::Standing> Searcher::standing_before(
    const SearchedLog& log) {
  if (known_at_ == block_begin_) return known_;
  auto* const look = log_behind(log);
  if (look == nullptr) return std::nullopt;
  const auto found = find_record_before(
      *look, block_begin_, log.form, log.before, filter_.query().cap,
      known_at_ == UINT64_MAX ? std::nullopt : std::optional(known_at_));
  if (!found || !*found) return std::nullopt;
  Standing standing{(*found)->size, false};
  if ((*found)->ends_at_known) {
    standing.size += known_.size;
    standing.taken = known_.taken;
  } else if (!is_over(standing)) {
    standing.taken = filter_.takes_head((*found)->head);
  }
  remember(0, standing);
  return standing;
}

void Searcher::remember(size_t next, const Standing& standing) {
  known_at_ = block_begin_ + std::min(next, block_.size());
  known_ = standing;
}

// Leaves scratch_ as it is: the line's text may lie there.
bool Searcher::continues(const SearchedLog& log, const Line& line) {
  if (!asks_previous(line.text)) return continues_record(line.text, {});
  const size_t begin = line.at.begin;
  if (begin == 0) {
    auto* const look = log_behind(log);
    if (look == nullptr) return false;
    const auto before =
        find_line_before(*look, block_begin_, log.form, log.before);
    return before && *before && continues_record(line.text, **before);
  }
  const auto newline =
      begin < 2 ? std::string::npos : block_.rfind('\n', begin - 2);
  const size_t from = newline == std::string::npos ? 0 : newline + 1;
  return continues_record(
      line.text, text_of(block_.substr(from, begin - 1 - from), log.form));
}

// What may be asked for bytes before the block; null: it can't be had.
store::Log* Searcher::log_behind(const SearchedLog& log) {
  if (log.archive == nullptr) return log.log;
  if (!behind_)  // the one we have is another thread's to ask
    if (auto opened = store::open_log(log.log->name()))
      behind_ = std::move(*opened);
  return behind_.get();
}

}  // namespace query
