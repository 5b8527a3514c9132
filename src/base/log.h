#pragma once
// The daemon's diary: what Lodge itself did and could not do. Thread-safe
// after open(). Before open(), or without it, messages go to stderr.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace base::log {

// Appends to `path`, which rotates at 4 MiB and keeps three old files.
Status open(const std::string& path);

enum class Level { Debug, Info, Warn, Error };
void write(Level level, std::string_view message);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::Info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::Warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::Error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace base::log
