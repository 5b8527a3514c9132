#pragma once
// Completions for shells, made from the command table.

#include <string>
#include <string_view>

namespace cli {

struct Invocation;

int run_completion(const Invocation& invocation);

// For bash, zsh or fish; empty for any other word. Pure.
std::string completion_script(std::string_view shell);

}  // namespace cli
