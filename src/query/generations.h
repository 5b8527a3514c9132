#pragma once
// Narrows a plan to certain lives of its instances: a generation by number, the
// last one, the one that crashed last. From their events, which tell when each
// began and how it ended. What several instances write has the lines of all of
// them from the first to the last such moment.

#include "query/planner.h"
#include "query/source.h"

namespace query {

// Takes away the origins of which no such life is known, unless the choice has
// room for newcomers.
void choose_lives(Plan& plan, const LifeChoice& choice, Problems& problems);

}  // namespace query
