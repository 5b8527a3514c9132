#pragma once
// The words of a command line, sorted into flags and the rest; nothing is
// resolved yet. The only home of CLI11.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

struct Command;

class Args {
 public:
  std::vector<std::string> words;  // what is no flag, in order
  std::vector<std::string> rest;   // after "--"

  // Flags go by their long name: has("json").
  bool has(std::string_view flag) const;
  std::optional<std::string> value(std::string_view flag) const;  // the last
  std::vector<std::string> values(std::string_view flag) const;

 private:
  friend base::Result<Args> parse_args(const Command&,
                                       std::span<const std::string>);
  std::map<std::string, std::vector<std::string>, std::less<>> flags_;
};

// `argv` is what follows the command's name. Errc::Invalid says what is wrong
// and, of a mistyped flag, which is the nearest.
base::Result<Args> parse_args(const Command& command,
                              std::span<const std::string> argv);

}  // namespace cli
