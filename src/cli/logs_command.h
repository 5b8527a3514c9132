#pragma once
// `lodge logs`, `lodge grep` and `archive export`: from arguments to an exit
// code. They read the log directory themselves, in this process, daemon or no
// daemon.

#include <optional>
#include <string>
#include <vector>

#include "base/home.h"
#include "query/pattern.h"

namespace cli {

struct Invocation;

// What was typed.
struct LogsArgs {
  std::string command = "logs";  // for errors
  std::vector<std::string> targets;
  std::vector<std::string> exclude;
  bool grep = false;  // grep's contract: everything there is, oldest first

  bool follow = false;
  bool nostream = false;
  std::optional<std::string> lines;  // a number or `all`
  std::optional<std::string> max_count;
  bool out = false;  // this stream alone
  bool err = false;
  std::string since;  // empty = not given
  std::string until;
  std::string around;
  std::string window;
  std::optional<std::string> generation;
  bool since_restart = false;
  bool last_crash = false;

  query::TextQuery text;
  std::string level;
  std::vector<std::string> where;
  bool lines_only = false;
  bool records = false;
  std::optional<std::string> after, before, context;
  std::string context_of;

  bool count = false;
  bool names = false;  // -l
  bool paths = false;  // --files
  bool quiet = false;
  std::string by;
  std::string distinct;
  bool top = false;
  bool fresh = false;  // --top --new
  std::string baseline;

  std::string cursor_file;
  std::string after_cursor;

  bool raw = false;
  bool json = false;
  bool only_matching = false;
  std::string line_template;
  bool format = false;  // PM2's
  std::optional<std::string> timestamp;
  bool utc = false;
  bool pretty = false;
  std::string fields;
  std::string highlight;
  bool reverse = false;
  bool full = false;
  bool events = true;
  bool color = true;

  std::string from;
  bool stats = false;
  std::string threads;
};

LogsArgs logs_args(const Invocation& invocation);

// For who reads: many apps are many files.
void raise_descriptor_limit();

// 0 done or found, 1 nothing matched a selection, 2 bad input or trouble.
int run_logs(const base::Home& home, const LogsArgs& args);

int run_logs_row(const Invocation& invocation);
int run_tail_row(const Invocation& invocation);
int run_grep(const Invocation& invocation);

}  // namespace cli
