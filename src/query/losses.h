#pragma once
// Lines that were never stored, as events tell: dropped, or not accounted for.
// What happened in a row is one gap, and of one cause there are but a few; the
// last takes in all that came later. Pure; any thread.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/gaps.h"
#include "store/events.h"

namespace query {

class Losses {
 public:
  explicit Losses(GapRange range) : range_(range) {}
  // In the order of their times; others than losses are passed over.
  void add(const store::Event& event);
  // Of an app, by time.
  std::vector<Gap> of(const std::string& app) const;

 private:
  GapRange range_;
  // By app and cause.
  std::map<std::pair<std::string, std::string>, std::vector<Gap>> runs_;
};

}  // namespace query
