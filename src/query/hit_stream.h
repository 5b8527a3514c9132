#pragma once
// The hits in one history, in the order of its lines or against it: segments
// and archives each opened when it is their turn, narrowed by time, level and
// filter, cut into units that the pool searches ahead of us, as many as fit
// into bounded memory. Lives on the thread that asks.

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "query/history.h"
#include "query/hits.h"
#include "query/search_pool.h"

namespace query {

enum class Direction { Forward, Backward };

// What a search did without, and what it cost.
struct SearchStats {
  uint64_t files = 0;    // opened
  uint64_t frames = 0;   // of archives in them
  uint64_t by_time = 0;  // frames passed over
  uint64_t by_level = 0;
  uint64_t by_filter = 0;
  uint64_t decoded = 0;
  uint64_t in_vain = 0;     // decoded, and no hit in them
  uint64_t covered = 0;     // bytes of the logs that were asked about
  uint64_t searched = 0;    // bytes that were looked at
  uint64_t unlevelled = 0;  // lines that name no level, where one was asked
};

// Of lines that can't be had any more.
using OnDamage =
    std::function<void(const store::Log& log, const store::Damage& damage)>;
using SearchProgress = std::function<void(const SearchStats&)>;

class HitStream final : public Hits {
 public:
  struct Files {
    const std::vector<store::Segment>* segments = nullptr;
    store::Log* live = nullptr;     // null: none
    uint64_t live_end = 0;          // what lies before is read
    std::optional<HitPlace> begin;  // nothing before it
    std::optional<base::Timestamp> since, until;
    OnDamage on_damage{};
  };
  struct Sizes {
    size_t ahead = 1;  // units searched before they are asked for
    uint64_t unit = uint64_t{1} << 20;  // bytes of a file
    // Of a file that is looked at where the kernel has it; 0: all are read.
    uint64_t window = 0;
  };
  // Borrows all of it.
  HitStream(SearchPool& pool, Files files, Direction direction, Sizes sizes,
            SearchStats& stats, const SearchProgress& progress);
  ~HitStream() override;  // waits for what is being searched
  HitStream(const HitStream&) = delete;
  HitStream& operator=(const HitStream&) = delete;

  base::Result<bool> next() override;
  bool next_at_hand() override;

 private:
  struct Pending {
    SearchPool::Answer hits;
    std::shared_ptr<SearchedLog> log;
    size_t file = 0;
    bool is_frame = false;
  };
  struct Inherited {
    HitPlace begin, end;  // lines that begin from here to there have this time
    std::optional<base::Timestamp> time;
  };

  void look_ahead();
  bool open_next();
  void open_file(size_t file);
  void add_file_units(size_t file, const std::shared_ptr<SearchedLog>& log,
                      store::Range range);
  void add_frame_units(size_t file, const std::shared_ptr<SearchedLog>& log,
                       store::Range range);
  void narrow(store::ArchiveReader& archive, store::Range range,
              std::vector<bool>& frames);
  void drop_by_time(const store::ArchiveReader& archive, store::Range range,
                    std::vector<bool>& frames);
  void drop_by_level(const store::ArchiveReader& archive,
                     std::vector<bool>& frames);
  size_t file_count() const;
  const Hit& hit_at_hand() const;
  void go_to(const Hit& hit);
  base::Result<bool> take_hit();
  base::Result<std::optional<base::Timestamp>> time_behind(const Hit& hit);
  std::optional<base::Timestamp> inherit(HitPlace place);
  bool walk_back(store::Log& log, uint64_t end, Inherited& found) const;

  SearchPool& pool_;
  Files files_;
  Direction direction_;
  const Sizes sizes_;
  // With one thread it grows while we go on: who stops early wastes little.
  // Others drop what they have not begun.
  size_t ahead_;
  SearchStats& stats_;
  const SearchProgress& progress_;
  size_t opened_ = 0;                           // files that we have come to
  std::deque<std::pair<Unit, Pending>> units_;  // still to be searched
  std::deque<Pending> pending_;
  Pending current_;
  UnitHits hits_;
  size_t at_ = 0;  // in hits_, from the side that we come from
  size_t file_ = 0;
  std::optional<Inherited> inherited_;
  std::deque<base::Error> problems_;
};

}  // namespace query
