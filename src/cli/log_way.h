#pragma once
// How the lines that a command asks for are come by. Each way is right for all
// that a cheaper one before it is not. Pure.

namespace cli {

enum class LogWay {
  Pass,         // all there are, in pieces, to the printer as they come
  Find,         // those that a search finds, to the printer
  Stage,        // the same, through the stages behind the filter
  Around,       // what lies around those that a search finds, judged again
  Judge,        // all there are, each judged
  LastRecords,  // all there are, twice: which records are the last is known
                // at the end
};

// What of a command decides.
struct LogAsk {
  bool filtered = false;  // by text, level or fields
  bool records = false;   // patterns see whole records
  bool parted = false;    // with lines of context
  bool last = false;      // so many of them, counted from the end
  bool reverse = false;
  bool staged = false;  // a limit or a bookmark sees each line
  bool summed = false;  // counts and names alone are printed
};

// Whether nothing stands between reader and printer: a line of any length
// takes no memory.
bool is_plain(const LogAsk& ask);
LogWay way_of(const LogAsk& ask);

}  // namespace cli
