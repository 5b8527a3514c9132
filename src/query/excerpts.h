#pragma once
// The parts of a flow that lines around matches can lie in: found by a search
// for the matches and a look at the lines beside each in its own file. What is
// read for `-C 3` is then not everything. Lives on the thread that asks.

#include <memory>
#include <span>

#include "query/excerpt.h"
#include "query/search.h"

namespace query {

struct Around {
  uint64_t before = 0;
  uint64_t after = 0;
  bool whole_flow = false;  // of all origins; else of the same instance
  // Its last lines too: what follows may need them.
  bool and_the_end = false;
};

// Runs the search and gives each source its excerpts. False: it gave up, since
// there are so many matches that reading everything costs less.
bool set_excerpts(Search& search,
                  std::span<const std::unique_ptr<Source>> sources,
                  const Around& around, Problems& problems);

}  // namespace query
