#pragma once
// A follower in its loop, and a way to wait for what it shows.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/follow.h"
#include "query/log_dir.h"

namespace query_test {

// Collects rows, and the place behind each line.
class PlaceCollector final : public query::Printer {
 public:
  explicit PlaceCollector(const std::optional<query::Reading>& reading)
      : reading_(reading) {}
  void piece(const query::Origin& origin, const store::Piece& piece) override {
    rows.piece(origin, piece);
    if (piece.ends)
      cursors.push_back(query::format_cursor(reading_->find(origin)->cursor()));
  }
  bool event(const query::Origin& origin, const store::Event& event) override {
    return rows.event(origin, event);
  }
  void settle() override {}
  bool wants_more() const override { return true; }

  Collector rows;
  std::vector<std::string> cursors;

 private:
  const std::optional<query::Reading>& reading_;
};

// Of all lines that are there.
inline std::vector<std::string> cursors_of(const LogDir& dir) {
  const query::Query query;
  std::optional<query::Reading> reading(std::in_place, query, dir.plan(query),
                                        false);
  PlaceCollector collector(reading);
  reading->replay(collector);
  return collector.cursors;
}

class Following {
 public:
  explicit Following(LogDir& dir, uint64_t last = 100, bool events = false) {
    query_.last = last;
    query_.events = events;
    reading_.emplace(query_, dir.plan(query_), true);
    reading_->replay(collector_);
    query::FollowOptions options;
    options.dir = dir.path();
    options.replan = [this, &dir]() -> base::Result<query::Plan> {
      if (fails_ && fails_()) return base::fail(base::Errc::Invalid, "no plan");
      auto catalog = store::load_catalog(dir.path());
      return query::make_plan(*catalog, dir.path(), query_);
    };
    follower_.emplace(loop_, *reading_, collector_, std::move(options));
    follower_->start();
  }

  // Turns the loop until so many rows were shown. The guard ends a test that
  // would wait for ever.
  void wait_for(size_t rows) {
    wait_until([&] { return collector_.rows.shown.size() >= rows; });
  }
  void wait_until(const std::function<bool()>& condition) {
    bool late = false;
    base::Timer guard(loop_, [&] { late = true; });
    guard.start(std::chrono::seconds(60));
    while (!condition() && !late) loop_.run_once();
  }
  // Until a line that is written now has come through.
  void wait_until_idle(
      std::chrono::milliseconds time = std::chrono::milliseconds(1500)) {
    bool passed = false;
    base::Timer timer(loop_, [&] { passed = true; });
    timer.start(time);
    while (!passed) loop_.run_once();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& row : collector_.rows.shown) texts.push_back(row.text);
    return texts;
  }
  Collector& collector() { return collector_.rows; }
  const std::vector<std::string>& cursors() const { return collector_.cursors; }
  // Whether there is no plan when one is asked for.
  void on_replan(std::function<bool()> fails) { fails_ = std::move(fails); }

 private:
  query::Query query_;
  std::function<bool()> fails_;
  base::EventLoop loop_;
  std::optional<query::Reading> reading_;
  PlaceCollector collector_{reading_};
  std::optional<query::Follower> follower_;
};

}  // namespace query_test
