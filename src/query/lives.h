#pragma once
// The lives of instances, known from events: lines bear a stamp and nothing
// else, and the number of a generation alone won't do, as an app that was
// deleted begins anew with 1. The earliest events of an instance may be gone.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/source.h"

namespace query {

struct Life {
  base::Timestamp from;
  uint64_t generation = 0;
  int pid = 0;         // 0: not known
  bool begun = false;  // its start is on record; else `from` is the first event
  bool stopped = false;
  bool crashed = false;
  std::optional<base::Timestamp> until{};  // the next one began
};

class Lives {
 public:
  using Instance = std::pair<std::string, int>;  // of an app

  // Each may be told again.
  void add(const store::Event& event);
  // Whose start is on record; null when it is not known. These pointers are
  // valid until the next add().
  const Life* find(const Origin& origin, base::Timestamp line) const;
  // That an event is of.
  const Life* of(const store::Event& event) const;
  const Life* choose(const Instance& instance, const LifeChoice& choice) const;
  const std::map<Instance, std::vector<Life>>& all() const { return lives_; }

 private:
  std::map<Instance, std::vector<Life>> lives_;  // by time
};

Lives find_lives(const std::vector<Origin>& origins, Problems& problems);

}  // namespace query
