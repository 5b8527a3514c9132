#pragma once
// Help and the manual page, made from the command table. Pure.

#include <string>

namespace cli {

struct Command;
struct Invocation;

int run_help(const Invocation& invocation);

std::string overview();      // `lodge`: ten commands by task
std::string command_list();  // `lodge help`: every command, grouped
std::string command_help(const Command& command);  // --help
std::string short_help(const Command& command);    // -h
std::string usage_line(const Command& command);
std::string manual_page();  // docs/lodge.1, in roff

}  // namespace cli
