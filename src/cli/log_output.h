#pragma once
// What becomes of the lines that a command found: the row of stages (filter,
// limit, context, printer) that its flags ask for.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/log_printer.h"
#include "cli/log_request.h"
#include "cli/log_way.h"
#include "query/bookmark.h"
#include "query/context.h"
#include "query/limit.h"
#include "query/output.h"
#include "query/printer.h"
#include "query/reading.h"
#include "query/sieve.h"

namespace cli {

class LogOutput {
 public:
  // Errc::Invalid for a flag that asks for what can't be. Borrows all of it;
  // `reading` is the one that gives the lines.
  static base::Result<std::unique_ptr<LogOutput>> make(
      const base::Home& home, const LogsArgs& args, const LogRequest& request,
      const query::Plan& plan, query::Reading& reading,
      const base::Clock& clock, query::Output& output);
  ~LogOutput();

  // Reads what there is: everything, or what a search finds.
  void replay();
  // Where a follower gives its lines.
  query::Printer& rows();
  // Nothing more comes.
  void finish();
  // Of one that keeps a place (--cursor-file): ends when it is told to, and
  // notes the place of what was printed.
  void leave_when(std::function<bool()> leaves);

  uint64_t found() const;       // lines and events, or matches when filtered
  uint64_t unlevelled() const;  // left out because they name no level
  bool wants_more();
  // Whether pieces of lines are shown as they come.
  bool passes_bytes() const { return is_plain(ask()); }

 private:
  LogOutput(const LogRequest& request, query::Reading& reading,
            LogPrinter printer);
  LogAsk ask() const;
  bool replay_around();
  void replay_last_records();

  const LogRequest& request_;
  query::Reading& reading_;
  LogPrinter printer_;
  std::unique_ptr<query::Bookmark> bookmark_;
  std::unique_ptr<query::Context> context_;
  std::unique_ptr<query::Limit> limit_;
  std::unique_ptr<query::Sieve> sieve_;
  uint64_t found_ = 0;
  bool is_empty_ = false;  // what was summed up
};

}  // namespace cli
