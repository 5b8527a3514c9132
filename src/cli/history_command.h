#pragma once
// `lodge history`: the revisions of an app's definition, from its events: who
// changed which keys, when, with which command.

namespace cli {

struct Invocation;

int run_history(const Invocation& invocation);

}  // namespace cli
