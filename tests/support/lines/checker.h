#pragma once
// Holds logs to the truth of their line sources (truth.h): every line handed
// to the kernel is there, once, whole, in order, in the file of its stream,
// behind stamps that never go back; no write of a child ever failed.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/lines/truth.h"

namespace support {

enum class Breach {
  Lost,            // handed to the kernel, not in any place
  Doubled,         // there more than once
  Torn,            // bytes that are no whole line of a source
  OutOfOrder,      // after a later line of its run and stream
  NeverWritten,    // a line that its source never offered
  WrongStream,     // of stderr in a place of stdout, or the reverse
  NulByte,         // sources write none
  Unstamped,       // no stamp where every line has one
  StampBackwards,  // less than the stamp of the line before
  WriteFailed,     // a source got EPIPE or the like, or SIGPIPE
  Restarted,       // a source had another number of runs than expected
  Orphan,          // a process of the home without a keeper above it
  Daemons,         // not the expected number of daemons or keepers
  Unreadable,      // a place or truth that can't be read
};
std::string_view breach_name(Breach breach);

struct Report {
  uint64_t lines = 0;  // of sources, found whole
  std::map<Breach, uint64_t> counts;
  std::map<Breach, uint64_t> told;    // how many calls of add() made these
  std::vector<std::string> examples;  // the first few of each kind

  bool clean() const { return counts.empty(); }
  uint64_t count(Breach breach) const;
  void add(Breach breach, std::string_view where, std::string_view what,
           uint64_t times = 1);
  std::string text() const;
};

// Somewhere lines can be read in their order: a live file, a segment, an
// archive, what a follower printed.
class LinePlace {
 public:
  virtual ~LinePlace() = default;
  virtual std::string name() const = 0;
  // `ended` is false for bytes at the end that no '\n' follows.
  virtual base::Status each(
      const std::function<void(std::string_view line, bool ended)>& call) = 0;
};
std::unique_ptr<LinePlace> file_place(const std::string& path);
std::unique_ptr<LinePlace> text_place(std::string name, std::string text);

struct PlaceTraits {
  bool stamped = true;
  std::optional<SourceStream> stream{};  // whose lines belong here; any
  bool foreign = false;  // lines that look like no source's are passed over
};

class LineChecker {
 public:
  LineChecker();
  ~LineChecker();

  void add_truth(const std::string& path);
  // Places that hold one stream's lines: in the order of time (history.h).
  void add_place(std::unique_ptr<LinePlace> place, PlaceTraits traits = {});
  void expect_runs(uint64_t runs) { expected_runs_ = runs; }
  // The first lines of any run and stream may be missing (a flush took them),
  // but none between others.
  void forgive_heads() { heads_forgiven_ = true; }

  // Sources may still be writing; what they hand over while it reads is in
  // doubt. Lines on their way through a pipe count as lost: wait first.
  Report check();

 private:
  struct Track;
  struct Place {
    std::unique_ptr<LinePlace> lines;
    PlaceTraits traits;
  };
  void read_place(Place& place, Report& report);
  void check_text(std::string_view text, bool ended, const Place& place,
                  Report& report);
  bool take_tail(std::string_view text);
  void begin_tracks(Report& report);
  void end_track(const Track& track, Report& report) const;
  void check_runs(Report& report) const;

  std::vector<std::string> truth_paths_;
  std::vector<TruthMap> truths_;
  std::vector<Place> places_;
  std::map<std::string, Track, std::less<>> tracks_;  // by token
  std::optional<uint64_t> expected_runs_;
  bool heads_forgiven_ = false;
};

// What the processes of a home must look like: so many daemons and keepers,
// and nobody without a keeper above.
struct ExpectedProcesses {
  size_t daemons = 1;
  size_t keepers = 1;
};
void check_processes(const std::string& home, const ExpectedProcesses& expected,
                     Report& report);

}  // namespace support
