#include "config/interpreters.h"

#include <array>

namespace config {

std::string_view interpreter_for(std::string_view script) {
  struct Known {
    std::string_view extension;
    std::string_view interpreter;
  };
  constexpr std::array kKnown = {Known{".js", "node"},  Known{".cjs", "node"},
                                 Known{".mjs", "node"}, Known{".py", "python3"},
                                 Known{".sh", "bash"},  Known{".rb", "ruby"},
                                 Known{".pl", "perl"},  Known{".php", "php"}};
  for (const auto& known : kKnown)
    if (script.ends_with(known.extension)) return known.interpreter;
  return {};
}

}  // namespace config
