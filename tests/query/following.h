#pragma once
// A follower in its loop, and a way to wait for what it shows.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/follow.h"
#include "query/log_dir.h"

namespace query_test {

class Following {
 public:
  explicit Following(LogDir& dir, uint64_t last = 100, bool events = false) {
    query_.last = last;
    query_.events = events;
    reading_.emplace(query_, dir.plan(query_), true);
    reading_->replay(collector_);
    query::FollowOptions options;
    options.dir = dir.path();
    options.replan = [this, &dir] {
      auto catalog = store::load_catalog(dir.path());
      return query::make_plan(*catalog, dir.path(), query_);
    };
    follower_.emplace(loop_, *reading_, collector_, std::move(options));
    follower_->start();
  }

  // Turns the loop until so many rows were shown. The guard ends a test that
  // would wait for ever.
  void wait_for(size_t rows) {
    wait_until([&] { return collector_.shown.size() >= rows; });
  }
  void wait_until(const std::function<bool()>& condition) {
    bool late = false;
    base::Timer guard(loop_, [&] { late = true; });
    guard.start(std::chrono::seconds(60));
    while (!condition() && !late) loop_.run_once();
  }
  // Until a line that is written now has come through.
  void wait_until_idle() {
    bool passed = false;
    base::Timer timer(loop_, [&] { passed = true; });
    timer.start(std::chrono::milliseconds(1500));
    while (!passed) loop_.run_once();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& row : collector_.shown) texts.push_back(row.text);
    return texts;
  }
  Collector& collector() { return collector_; }

 private:
  query::Query query_;
  Collector collector_;
  base::EventLoop loop_;
  std::optional<query::Reading> reading_;
  std::optional<query::Follower> follower_;
};

}  // namespace query_test
