#include "base/eprint.h"

#include <cstdio>

namespace base {

void eprint_text(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace base
