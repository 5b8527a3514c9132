#pragma once
// Proof of the journal, step by step. A story is a script of what apps do to
// their pipes and people to their files. It is played while a child process
// captures; the child is killed at its k-th step (every system call that
// changes the disk, every step of the journal), another goes on from the spool
// and the pipes, and so on to the end of the script. Then every byte of every
// source must be in the files exactly once and the spool must be empty. For all
// k, until the first child is killed no more.
//
// The process that plays must not have asked for failpoints yet, as its
// children are forked, not executed: so each test runs in processes of its own.
// LODGE_JOURNAL_FACTOR=n plays more pairs of kills. One run again, as a failure
// names it: LODGE_JOURNAL_APART=0 LODGE_JOURNAL_AT=k or =k,j, and -tc=<test>.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/options.h"
#include "store/segments.h"

namespace capture_test {

struct StoryOp {
  enum Kind {
    Add,      // the pipe of `source` is given to capture
    Put,      // its app writes `bytes`
    Drain,    // all that it wrote so far is read
    End,      // it exits; the source is waited for
    Seen,     // `bytes` are in the file of `source`
    Flush,    // its file is replaced
    Trouble,  // its file can't be written; not waited for after a kill
    Later,    // so many milliseconds pass: `source`
    FlushIn,  // its file is to be replaced, and the wait for a line end is over
              // when capture looks at it next
    Flushed,  // that was done; not waited for after a kill
    Seal,     // its file is sealed, if it is at a line end
    SealIn,  // its file is to be sealed, and whoever asked has no more patience
             // when capture looks at it next
    Vanish,  // capture and its app are killed; nobody has its pipe any more
    Release,  // what hangs goes on
  } kind;
  int source = 0;
  std::string bytes = {};
};

struct Story {
  struct File {
    std::string name;
    capture::SinkOptions options = {};
    store::SegmentKind kind = store::SegmentKind::Out;
  };
  std::vector<File> files;
  std::vector<size_t> file_of;  // of each source
  std::vector<StoryOp> script;
  // Of the lives before the last: what fails beside the kill.
  std::string faults = {};
  std::string victim = "*";     // operations that count as steps
  bool may_drop = false;        // kept and told to be dropped are all, together
  bool may_lack_times = false;  // of a log without stamps
  bool may_doubt = false;       // bytes may be told to be unaccounted for
  // What becomes of a line (without '\n') on its way.
  std::function<std::string(std::string)> treat = {};
  // Depth 2: of the steps of the first and the second life every so many-th.
  unsigned stride1 = 37;
  unsigned stride2 = 31;
};

// Lines of a source begin with its letter: that is how they are told apart.
inline char letter_of(int source) {
  return static_cast<char>('A' + source);
}

// "A7.hijkl\n", of `size` bytes without '\n' or more.
std::string story_line(int source, int number, size_t size = 0);
std::string story_lines(int source, int from, int to, size_t size = 0);

// Plays the story for all k, and for pairs; fails the test that calls it.
void prove(const Story& story);

}  // namespace capture_test
