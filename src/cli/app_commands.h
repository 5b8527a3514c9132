#pragma once
// Commands that change apps: stop, restart, delete.

#include <string_view>

#include "control/message.h"

namespace cli {

struct Invocation;

int run_stop(const Invocation& invocation);
int run_restart(const Invocation& invocation);
int run_delete(const Invocation& invocation);

// What became of the apps, then `note` and the list; failures go to stderr.
// Exit code.
int show_outcomes(const Invocation& invocation,
                  const control::OutcomesReply& reply,
                  std::string_view note = {});

// The words and --exclude of the command line.
control::Selection selection_of(const Invocation& invocation);

}  // namespace cli
