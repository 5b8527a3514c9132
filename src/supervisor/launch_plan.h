#pragma once
// From a spec to the program that is run: interpreter by extension, arguments,
// environment. Looks at the file system only to find the interpreter.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/app_spec.h"

namespace supervisor {

struct LaunchPlan {
  std::string path;  // absolute
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "KEY=value", sorted by key
  std::string cwd;
  bool ipc = false;  // node: give it a channel
  bool pty = false;  // give it a terminal in the place of pipes
};

// Which of the app's copies is to run.
struct Copy {
  int id = 0;
  int number = 0;
  std::string tag;  // value of kTagVariable: how its tree is found again
};

inline constexpr std::string_view kTagVariable = "LODGE_INSTANCE";

// Errc::NotFound when the interpreter is not on the app's PATH.
base::Result<LaunchPlan> plan_launch(const config::AppSpec& spec,
                                     const Copy& copy);

// "KEY=value", sorted by key: the app's own, and what Lodge tells each copy.
std::vector<std::string> environment_of(const config::AppSpec& spec,
                                        const Copy& copy);

// "node", "python3", ...; empty when the extension names none.
std::string_view interpreter_for(std::string_view script);

// The first executable `program` on `path` ("a:b:c"), absolute; else empty.
std::string find_program(std::string_view program, std::string_view path);

// "node api.js", "bash -c ...": what is run, in a few words.
std::string describe_launch(const config::AppSpec& spec);

}  // namespace supervisor
