#pragma once
// What can be said of why a process ended, beyond its exit code: was memory
// out, and who ended it. Pure but for reading the end of a log.

#include <string>
#include <string_view>

#include "daemon/oom_watch.h"
#include "store/events.h"
#include "supervisor/observer.h"

namespace daemon_ {

// Nobody of ours asked for this end, and it can't have come by itself.
bool is_from_outside(const supervisor::Happening& ended);

// "asked": somebody asked for it; "kill_timeout": and it had to be killed;
// "outside": a signal that none of ours sent; "itself": all else.
std::string_view ended_by(const supervisor::Happening& ended);

// Sets oom and evidence of an exit by SIGKILL from outside.
void add_kernel_evidence(const OomCounts& counts, store::Event& exit);

// The same by the last words of an exit that nobody asked for: `text` is the
// end of what it wrote to stderr. Says nothing where they say nothing.
void add_last_words(std::string_view text, store::Event& exit);
// Whether last words could say something.
bool wants_last_words(const store::Event& exit);

// The last few KiB of a file. Blocking.
std::string read_end(const std::string& path);

}  // namespace daemon_
