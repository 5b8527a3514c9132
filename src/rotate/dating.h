#pragma once
// How old what is sealed may be said to be. A clock that was set wrong leaves
// stamps from 1970 or from next year; deleting by them would take what is new.
// But numbers grow whatever the clock says: what came before a file is no
// younger than it. Pure.

#include <optional>
#include <vector>

#include "base/clock.h"
#include "rotate/stock.h"

namespace rotate {

struct Dated {
  Stored file;
  // When it ended, or later; never decreasing with the numbers of a stream.
  base::Timestamp ended;
  bool has_age = false;  // false: `ended` only tells the order
};

// Sorted by app, kind, instance, and then from the oldest to the newest.
std::vector<Dated> date_stock(std::vector<Stored> stock, base::Timestamp now);

// From when on the days of a deleted app are counted; nullopt: it is not
// deleted, or that can't be told.
std::optional<base::Timestamp> gone_since(const Dated& dated,
                                          base::Timestamp now);

}  // namespace rotate
