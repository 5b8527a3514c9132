#pragma once
// What every daemon does before it is one, whatever it is to do: signals,
// limits, the home's lock, the diary; and telling the keeper why it can't.

#include <functional>
#include <string>

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace daemon_ {

// `body` gets the channel and the home's id, and runs until the daemon ends.
// Its error goes to the diary and the keeper. Returns the exit code.
using Body =
    std::function<base::Status(base::UniqueFd& channel, const std::string& id)>;
int run_as_daemon(const base::Home& home, base::UniqueFd channel,
                  const Body& body);

}  // namespace daemon_
