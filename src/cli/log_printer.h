#pragma once
// What prints the lines that a command found: rows, objects, the app's bytes,
// counts, names, or nothing, as its flags ask for.

#include <functional>
#include <memory>

#include "base/result.h"
#include "cli/log_request.h"
#include "query/output.h"
#include "query/printer.h"
#include "query/reading.h"

namespace cli {

struct LogPrinter {
  std::unique_ptr<query::Printer> printer;
  // What is known at the end alone; false: it is nothing.
  std::function<bool()> at_end{};
  bool wants_text = true;  // false: lines may come without theirs
};

// Borrows all of it.
struct LogSetting {
  const base::Home& home;
  const LogsArgs& args;
  const LogRequest& request;
  const query::Plan& plan;
  query::Reading& reading;
  const base::Clock& clock;
  query::Output& output;
};

// Errc::Invalid for a flag that asks for what can't be.
base::Result<LogPrinter> make_log_printer(const LogSetting& setting);

// Colours on standard output, as flags and environment have it.
bool wants_colours(const LogsArgs& args);

}  // namespace cli
