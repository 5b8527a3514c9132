#include "cli/log_way.h"

namespace cli {

bool is_plain(const LogAsk& ask) {
  return !ask.filtered && !ask.staged && !ask.parted;
}

LogWay way_of(const LogAsk& ask) {
  // Only who reads forward knows where a record ends. (With nothing asked of
  // them records are no more than their lines.)
  if (ask.filtered && ask.records)
    return ask.last ? LogWay::LastRecords : LogWay::Judge;
  if (ask.filtered && ask.parted) return LogWay::Around;
  // What is summed up can be read by several threads.
  const bool searched =
      ask.reverse || ((ask.filtered || ask.summed) && !ask.parted);
  if (searched) return ask.staged ? LogWay::Stage : LogWay::Find;
  return is_plain(ask) ? LogWay::Pass : LogWay::Judge;
}

}  // namespace cli
