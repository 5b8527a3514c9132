#pragma once
// The form of a line: its words, with what differs from line to line left out:
// `user <n> logged in from <ip> in <n>ms`. Of JSON lines that of the message,
// behind the level. Pure; any thread.

#include <string>
#include <string_view>

namespace query {

std::string make_template(std::string_view line);

}  // namespace query
