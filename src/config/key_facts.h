#pragma once
// What is to be said of each key, beyond how it is read: its kind, its other
// names, how a change of it comes into force. Behind the reading of files and
// docs/config.md. A key that is new in the table needs its row here. Pure.

#include <span>
#include <string>
#include <string_view>

namespace config {

enum class Kind {
  Text,
  Flag,    // true or false
  Whole,   // a whole number
  Count,   // of instances: a number, "max", or what to leave of the CPUs
  Time,    // 500, "500ms", "2s"
  Size,    // 1024, "10M"
  Words,   // a list of texts, or one text in the shell's notation
  List,    // a list of texts, or one text
  Codes,   // a list of whole numbers, or one
  Env,     // an object of variables
  Object,  // of its own keys
  Any,     // as the key itself reads it
};

enum class Applies {
  Live,     // to the running app, at once
  Reload,   // to processes that are started from then on
  Restart,  // the old process must end before the new one begins
};

struct Fact {
  std::string_view name;
  Kind kind = Kind::Text;
  Applies applies = Applies::Reload;
  std::string_view what;     // a line for people; empty = internal
  std::string_view aliases;  // "exec, run"; may be empty
};

std::span<const Fact> facts();
const Fact* find_fact(std::string_view name);
// A key of the app list alone: no user writes or sees it.
bool is_internal(std::string_view name);
// The key that an alias stands for; else the name itself.
std::string_view unaliased(std::string_view name);

}  // namespace config
