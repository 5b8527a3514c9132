#include "query/search.h"

#include <algorithm>
#include <string>
#include <thread>

namespace query {
namespace {

// Of what was found and is not printed yet, over all streams.
constexpr uint64_t kMostAhead = uint64_t{16} << 20;
constexpr uint64_t kUnit = uint64_t{1} << 20;
// With one thread: each unit has its price, and nobody waits for a share.
constexpr uint64_t kUnitOfOne = uint64_t{4} << 20;
constexpr uint64_t kSmallUnit = uint64_t{128} << 10;
// Of mapped files that stay with the process: over all streams, and of each.
// Pages that go a few at a time cost more than a copy does.
constexpr uint64_t kMostMapped = uint64_t{8} << 20;
constexpr uint64_t kLeastMapped = uint64_t{2} << 20;
// More text than that is not kept but found again.
constexpr size_t kMostKept = size_t{32} << 20;

size_t thread_count(const Query& query) {
  if (query.threads > 0) return query.threads;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 16);
}

// The last lines of a history, found from the end.
class KeptHits final : public Hits {
 public:
  struct Kept {
    std::string text;
    std::optional<base::Timestamp> time;
    HitPlace place;
    bool ended = true;
  };
  // The last one comes first.
  void keep(const Line& line) {
    kept_.push_back(
        {std::string(line.text), line.time, line.place, line.ended});
  }
  void turn(bool forward) {
    forward_ = forward;
    at_ = 0;
  }
  base::Result<bool> next() override {
    if (at_ >= kept_.size()) return false;
    ++at_;
    const Kept& here = forward_ ? kept_[kept_.size() - at_] : kept_[at_ - 1];
    line_ = {here.text, here.time, here.place, here.ended};
    return true;
  }

 private:
  std::vector<Kept> kept_;
  bool forward_ = true;
  size_t at_ = 0;
};

// One history read from its end.
struct Back {
  Source* source = nullptr;
  std::unique_ptr<HitStream> stream;
  std::unique_ptr<KeptHits> kept = std::make_unique<KeptHits>();
  bool live = false;
  std::optional<base::Timestamp> key;
  std::optional<HitPlace> first;  // that was taken
  bool begun = false;

  void step(Problems& problems) {
    for (;;) {
      auto more = stream->next();
      if (!more) {
        problems.push_back(std::move(more.error()));
        continue;
      }
      live = *more;
      const auto& time = stream->line().time;
      if (live) key = begun ? std::min(key, time) : time;
      begun = true;
      return;
    }
  }
};

}  // namespace

Search::Search(const LineFilter& filter, const Query& query, bool wants_text,
               SearchProgress progress)
    : query_(query),
      progress_(std::move(progress)),
      pool_(filter, wants_text, thread_count(query)) {}

std::optional<base::Timestamp> Search::first_of(const std::string& app) const {
  const auto found = first_.find(app);
  return found == first_.end() ? std::nullopt : found->second;
}

std::optional<HitPlace> Search::first_place(const Source& source) const {
  const auto found = first_places_.find(&source);
  if (found == first_places_.end()) return std::nullopt;
  return found->second;
}

std::unique_ptr<HitStream> Search::stream(Source& source, Direction direction,
                                          std::optional<HitPlace> begin) {
  const bool many = streams_ > 8;
  const uint64_t unit = many                  ? kSmallUnit
                        : pool_.threads() > 1 ? kUnit
                                              : kUnitOfOne;
  HitStream::Sizes sizes{.unit = unit};
  sizes.ahead =
      std::clamp<size_t>(static_cast<size_t>(kMostAhead / unit) / streams_, 1,
                         4 * pool_.threads());
  if (!many) sizes.window = std::max(kMostMapped / streams_, kLeastMapped);
  return std::make_unique<HitStream>(
      pool_,
      HitStream::Files{
          .segments = &source.segments(),
          .live = source.is_open() ? &source.log() : nullptr,
          .live_end = source.limit(),
          .begin = begin,
          .since = source.since(),
          .until = source.until(),
          .on_damage =
              [&source](const store::Log& log, const store::Damage& damage) {
                source.note_damage(log, damage);
              }},
      direction, sizes, stats_, progress_);
}

void Search::begin(std::span<const std::unique_ptr<Source>> sources,
                   Problems& problems) {
  streams_ = std::max<size_t>(1, sources.size());
  std::vector<Source*> group;
  const auto close = [&] {
    if (!group.empty()) keep_last(group, problems);
    group.clear();
  };
  for (const auto& source : sources) {
    if (source->has_event()) continue;
    if (!query_.last) {
      source->set_hits(
          stream(*source,
                 query_.reverse ? Direction::Backward : Direction::Forward,
                 std::nullopt),
          query_.reverse);
      continue;
    }
    if (!group.empty() && group.front()->origin().app != source->origin().app)
      close();
    group.push_back(source.get());
  }
  close();
}

void Search::end(std::span<const std::unique_ptr<Source>> sources) {
  for (const auto& source : sources)
    if (!source->has_event()) source->set_hits(nullptr, false);
}

// Takes the last lines of all of the group together, from the end; of lines
// with one stamp those of the source that stands last.
void Search::keep_last(std::span<Source* const> group, Problems& problems) {
  std::vector<Back> backs(group.size());
  for (size_t i = 0; i < group.size(); ++i) {
    backs[i].source = group[i];
    backs[i].stream = stream(*group[i], Direction::Backward, std::nullopt);
    if (*query_.last > 0) backs[i].step(problems);
  }
  size_t kept = 0;
  bool keeps = true;
  std::optional<base::Timestamp> first;
  for (uint64_t taken = 0; taken < *query_.last; ++taken) {
    Back* best = nullptr;
    for (auto& back : backs)
      if (back.live && (best == nullptr || back.key >= best->key)) best = &back;
    if (best == nullptr) break;
    const auto& line = best->stream->line();
    if (keeps) best->kept->keep(line);
    kept += line.text.size() + sizeof(KeptHits::Kept);
    // Against the flow they can't be found again from where they begin.
    keeps = keeps && (kept < kMostKept || query_.reverse);
    best->first = line.place;
    first = line.time;
    best->step(problems);
  }
  const bool more = std::ranges::any_of(backs, &Back::live);
  if (more || *query_.last == 0) {
    first_[group.front()->origin().app] = first;
    for (const auto& back : backs)
      first_places_[back.source] = back.first.value_or(kBehindAll);
  }
  for (auto& back : backs) {
    back.stream.reset();
    if (keeps || !back.first) {
      back.kept->turn(!query_.reverse);
      back.source->set_hits(std::move(back.kept), query_.reverse);
      continue;
    }
    // Too much to keep: found again from where it begins.
    back.source->set_hits(stream(*back.source, Direction::Forward, back.first),
                          false);
  }
}

}  // namespace query
