#pragma once
// What people are told on stderr, by the rules of fmt. fmt::print throws where
// that stream is closed or full, and a word that nobody hears must not change
// how a command ends. Thread-safe; blocking.

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace base {

// As it is; a failure is silent.
void eprint_text(std::string_view text);

template <typename... Args>
void eprint(fmt::format_string<Args...> format, Args&&... args) {
  eprint_text(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace base
