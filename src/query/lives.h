#pragma once
// Which life of an instance a line is of, known from the events that tell of
// starts: lines themselves bear a stamp and nothing else.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "query/source.h"

namespace query {

struct Life {
  base::Timestamp from;
  uint64_t generation = 0;
  int pid = 0;
};

class Lives {
 public:
  void add(const store::Event& event);
  // Null when it is not known. Valid until the next add().
  const Life* find(const Origin& origin, base::Timestamp line) const;

 private:
  std::map<std::pair<std::string, int>, std::vector<Life>> lives_;  // by time
};

Lives find_lives(const std::vector<Origin>& origins, Problems& problems);

}  // namespace query
