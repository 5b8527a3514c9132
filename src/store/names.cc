#include "store/names.h"

#include <fmt/format.h>

namespace store {
namespace {
constexpr std::string_view kLog = ".log";
constexpr std::string_view kRawLog = ".raw.log";
}  // namespace

std::string_view stream_name(Stream stream) {
  return stream == Stream::Out ? "out" : "error";
}

std::string live_name(std::string_view app, Stream stream, int instance) {
  if (instance == 0) return fmt::format("{}-{}.log", app, stream_name(stream));
  return fmt::format("{}-{}-{}.log", app, stream_name(stream), instance);
}

bool is_unstamped(std::string_view path) {
  return path.ends_with(kRawLog);
}

std::string unstamped_name(std::string_view path) {
  if (is_unstamped(path)) return std::string(path);
  if (path.ends_with(kLog)) path.remove_suffix(kLog.size());
  return std::string(path).append(kRawLog);
}

std::string events_name(std::string_view app) {
  return fmt::format("{}-events.log", app);
}

}  // namespace store
