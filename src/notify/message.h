#pragma once
// What a hook is given: one JSON object, on stdin or as the body of a POST.

#include <optional>
#include <string>
#include <vector>

#include "notify/rules.h"
#include "notify/watch.h"
#include "query/last_lines.h"

namespace notify {

struct Message {
  std::string app;  // whom it is about
  Firing firing;
  std::optional<store::Event> event;        // that made it fire
  std::vector<query::LastLine> last_lines;  // of that instance
  bool test = false;                        // `lodge notify test`
};

// "3 lines match /timeout/ within 1m", "errored: exited with code 1".
std::string reason_of(const Rule& rule, const Message& message);
std::string print_message(const Rule& rule, const Message& message);

// LODGE_RULE, LODGE_APP, ...: for hooks that want no JSON.
std::vector<std::string> message_env(const Rule& rule, const Message& message);

}  // namespace notify
