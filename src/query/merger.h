#pragma once
// Many files to one order: by stamp, ties by the order of the sources, each
// file in its own order.

#include <memory>
#include <span>

#include "query/printer.h"
#include "query/source.h"

namespace query {

// Gives the printer everything that the sources allow. Answers how many lines
// and events were shown. A segment or a source that can't be read on is noted
// in `problems` and left.
// Backward, of sources that give their lines so: the newest first, of lines
// with one stamp those of the last source.
uint64_t merge(std::span<Source* const> sources, Printer& printer,
               Problems& problems, bool backward = false);

}  // namespace query
