#pragma once
// The search of one unit of a log: lines that begin in a range of a file, or in
// one frame of an archive. Units are searched each for itself, on any thread;
// what one gives is in the order of the file. One Searcher a thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/big_string.h"
#include "base/result.h"
#include "query/line_filter.h"
#include "query/line_finder.h"
#include "query/records.h"
#include "store/archive_log.h"
#include "store/line_parser.h"
#include "store/log.h"
#include "store/segments.h"

namespace query {

// A log that units of a query are searched in. Searchers ask its log for bytes
// only, which any thread may of a file: not for times(), which remember where
// they looked. Of an archive they take frames with decoders of their own, and
// look behind them in one that they open themselves.
struct SearchedLog {
  store::Log* log = nullptr;
  std::unique_ptr<store::Log> own;  // the same, unless somebody else owns it
  store::ArchiveReader* archive = nullptr;  // of that log, if it is one
  LineForm form = LineForm::Stamped;
  uint64_t end = 0;  // nothing at or behind this offset is looked at
  // Of all before `end`, if that is the faster way. Borrows the log.
  std::unique_ptr<base::FileView> view;
  // Lines that bear a stamp out of this are no hits.
  std::optional<base::Timestamp> since, until;
  // Frames that are units. What a record has in those behind it that are none
  // is for the unit that it begins in.
  std::vector<bool> wanted;
  // The logs before it in its history, the oldest first: a record may begin in
  // one of them.
  std::span<const store::Segment> before{};
};

struct Unit {
  std::shared_ptr<const SearchedLog> log;  // until its last unit is done
  // Lines that begin here; of an archive a frame, and those that go on in it.
  uint64_t begin = 0;
  uint64_t end = 0;
  size_t frame = 0;
};

struct Hit {
  uint64_t offset = 0;  // of the line in its log
  size_t text_at = 0;   // in UnitHits::text
  size_t size = 0;
  std::optional<base::Timestamp> time;  // its own stamp
  bool ended = true;                    // '\n' followed
};

struct UnitHits {
  std::string text;
  std::vector<Hit> hits;
  uint64_t bytes = 0;       // that were searched
  uint64_t unlevelled = 0;  // heads left out because they name no level
  std::optional<base::Error> problem;   // what could not be read
  std::optional<store::Damage> damage;  // since it is damaged

  void clear();  // but for memory
};

class Searcher {
 public:
  // Without `wants_text` hits have none.
  Searcher(const LineFilter& filter, bool wants_text);

  // `hits` is an empty one, whose memory is used again.
  UnitHits search(const Unit& unit, UnitHits hits = {});

 private:
  struct Line {
    Span at;  // in block_
    std::optional<base::Timestamp> time;
    std::string_view text;
  };
  // What is known of a line's record: how much of it there is with that line,
  // and whether its head is wanted. Over the cap lines are judged alone.
  struct Standing {
    RecordSize size;
    bool taken = false;
  };

  base::Status search_file(const Unit& unit, UnitHits& into);
  bool search_view(const Unit& unit, UnitHits& into);
  base::Status search_frame(const Unit& unit, UnitHits& into);
  base::Result<uint64_t> first_line(const SearchedLog& log, uint64_t begin,
                                    uint64_t end);
  base::Status load(const SearchedLog& log, uint64_t begin, uint64_t end);
  // Answers whether a wanted record may go on behind the block.
  bool search_block(const SearchedLog& log, UnitHits& into);
  void search_lines_by_record(const SearchedLog& log, UnitHits& into);
  bool search_records(const SearchedLog& log, UnitHits& into);
  size_t take_rest_of_record(const SearchedLog& log, size_t from,
                             RecordSize size, UnitHits& into);
  bool takes_head(std::string_view text, UnitHits& into) const;
  // Whether the line goes on in the record before.
  bool continues(const SearchedLog& log, const Line& line);
  Line line_with_standing(const SearchedLog& log, size_t begin,
                          Standing& standing, UnitHits& into);
  std::optional<Standing> standing_before(const SearchedLog& log);
  // Of the line before `next`, in the block.
  void remember(size_t next, const Standing& standing);
  store::Log* log_behind(const SearchedLog& log);
  bool is_over(const Standing& standing) const {
    return standing.size.is_over(filter_.query().cap);
  }
  base::Status follow_record(const Unit& unit, size_t frame, UnitHits& into);
  base::Result<size_t> load_frame(const SearchedLog& log, size_t frame,
                                  UnitHits& into);
  Line line_at(const SearchedLog& log, size_t begin);
  Line line_of(const SearchedLog& log, Span at);
  void add(const SearchedLog& log, const Line& line, UnitHits& into) const;

  LineFilter filter_;
  bool wants_text_;
  LineFinder finder_;
  store::FrameDecoder decoder_;
  store::LineParser parser_;
  base::BigString buffer_;
  std::string_view block_;    // whole lines; the last may lack its '\n'
  uint64_t block_begin_ = 0;  // offset in the log
  std::string scratch_;       // a line whose stamp stands within

  // Of the log that was searched last, so that what is behind a block is gone
  // through once, and an archive opened once for that.
  std::weak_ptr<const SearchedLog> last_log_;
  std::unique_ptr<store::Log> behind_;
  uint64_t known_at_ = UINT64_MAX;  // the line before this has this standing:
  Standing known_;
};

}  // namespace query
