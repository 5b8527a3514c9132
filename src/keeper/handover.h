#pragma once
// What a keeper has, and how it becomes another program without letting go of
// any of it: exec keeps pid, children, lock and sockets; a memfd carries the
// table that says which descriptor is what.
//
// The table begins with the protocol's {major, minor}. A newer minor only
// appends to its records; readers skip what they don't know and zero what is
// missing.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/slots.h"

namespace keeper {

struct Holdings {
  base::UniqueFd lock;
  base::UniqueFd listener;
  base::UniqueFd channel;
  base::UniqueFd previous;  // the program before this one, if there was one
  Slots slots;
  pid_t daemon = 0;  // 0 = not running
  bool daemon_is_child = true;
  bool in_sync = false;      // the daemon said Hello
  bool terminating = false;  // somebody asked for an orderly end
  uint32_t updates = 0;      // tried so far
  std::string update_error;  // why the last one failed; empty = it did not
};

// Borrows every descriptor.
base::Result<base::UniqueFd> encode_handover(const Holdings& holdings);
// Owns every descriptor from then on, CLOEXEC again; on an error none is
// touched.
base::Result<Holdings> decode_handover(int memfd);

// How argv[3] of a keeper says that it was one before:
enum class Resume {
  Forward,  // the new program, or the one before it, has come to run
  Back,     // the new program could not read the table: nothing has changed
  Check,    // no keeper at all: only whether it could
};
struct ResumeWord {
  Resume how = Resume::Check;
  int table = -1;
  int previous = -1;  // to go back to when the table can't be read
};
std::string print_resume(const ResumeWord& word);
base::Result<ResumeWord> parse_resume(std::string_view text);
// What a check says on stdout when it could.
inline constexpr std::string_view kCanResume = "can resume\n";

// Becomes the program at `path`. Returns on failure alone, with everything as
// it was.
base::Error become(const std::string& path, const base::Home& home,
                   const Holdings& holdings);
// The same with a table that could not be read: back to the program that wrote
// it.
base::Error become_previous(const base::Home& home, const ResumeWord& word);

}  // namespace keeper
