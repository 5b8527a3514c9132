#include "base/log.h"

// The diary's descriptor is ours alone.
#define SPDLOG_PREVENT_CHILD_FD
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "base/fs.h"

namespace base::log {
namespace {

constexpr size_t kMaxSize = size_t{4} << 20;
constexpr size_t kKept = 3;

// The diary is the process's, like stderr; set once before threads start.
std::unique_ptr<spdlog::logger>& diary() {
  static std::unique_ptr<spdlog::logger> logger;
  return logger;
}

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warn:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Status open(const std::string& path) try {
  // spdlog makes files as the umask lets it; ours are private from birth.
  spdlog::file_event_handlers handlers;
  handlers.before_open = [](const std::string& file) {
    (void)fs::open(file, O_WRONLY | O_CREAT);
  };
  auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
      path, kMaxSize, kKept, false, handlers);
  auto logger = std::make_unique<spdlog::logger>("lodge", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %-5l %v",
                      spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::debug);
  diary() = std::move(logger);
  return {};
} catch (const spdlog::spdlog_ex& error) {
  return fail(Errc::Io, error.what());
}

void write(Level level, std::string_view message) {
  // One entry, one line: what is quoted in a message can't forge another.
  if (message.find_first_of("\r\n") != message.npos) {
    std::string one_line(message);
    std::ranges::replace_if(
        one_line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    write(level, one_line);
    return;
  }
  if (diary()) {
    diary()->log(level_of(level),
                 spdlog::string_view_t(message.data(), message.size()));
    return;
  }
  std::fprintf(stderr, "lodge: %.*s\n", static_cast<int>(message.size()),
               message.data());
}

}  // namespace base::log
