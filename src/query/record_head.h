#pragma once
// The record (records.h) that was begun before the place where one reads:
// looked for from there to the beginning of the history. Blocking. Of a file
// any thread may ask, since bytes are all that it is asked for; an archive is
// for one thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/line_finder.h"
#include "query/records.h"
#include "store/log.h"
#include "store/segments.h"

namespace query {

// What lies before `end` in `log`, or in the logs before it (the oldest
// first). The first line of all is a head whatever it is, and so is the first
// behind what can't be read; nullopt: there is no line. Nobody looks further
// back than a record of `cap` goes, nor than `known`, where a line of `log`
// begins: when the record goes on before that, `size` is of what lies behind,
// and there is no head.
base::Result<std::optional<RecordBefore>> find_record_before(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const store::Segment> before, const RecordCap& cap = {},
    std::optional<uint64_t> known = std::nullopt);

// The text of the line before.
base::Result<std::optional<std::string>> find_line_before(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const store::Segment> before);

// The whole text of a line as it is stored, wherever its stamp stands.
std::string text_of(std::string_view line, LineForm form);

}  // namespace query
