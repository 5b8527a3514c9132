#pragma once
// A log directory as searches meet it: apps with instances, lines of few words
// that come again and again, in segments, archives and live files; and the
// naive search that everything clever is compared with.

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "query/line_filter.h"
#include "query/log_dir.h"
#include "query/reading.h"
#include "store/archive_writer.h"

namespace query_test {

class SearchDir {
 public:
  explicit SearchDir(unsigned seed) : random_(seed) {
    dir.add_app("api", 2);
    dir.add_app("raw", 1, "none");
    dir.add_app("web", 1);
    dir.add_app("json", 1, "json");
    for (const auto stream : {store::Stream::Out, store::Stream::Error}) {
      fill("api", stream, 0, "prefix");
      fill("api", stream, 1, "prefix");
      fill("raw", stream, 0, "none");
      fill("web", stream, 0, "prefix");
      fill("json", stream, 0, "json");
    }
  }
  int number(int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(random_);
  }
  template <class List>
  std::string one_of(const List& list) {
    return std::string(list[static_cast<size_t>(
        number(0, static_cast<int>(list.size()) - 1))]);
  }

  LogDir dir;

 private:
  std::string text();
  void fill(const std::string& app, store::Stream stream, int instance,
            const std::string& stamp);
  void seal(const std::string& live, const store::SegmentOwner& owner,
            uint64_t sequence, int64_t first, const std::string& bytes,
            const std::vector<store::TimeEntry>& times);

  std::mt19937 random_;
  bool in_trace_ = false;
  bool endless_ = false;  // records
};

// All lines of a history, oldest first, the plain way.
std::vector<Shown> naive_history(const query::Origin& origin);

// What the query asks for: every line looked at, sorted stably.
std::vector<Shown> naive_search(const query::Plan& plan,
                                const query::Query& query);

}  // namespace query_test
