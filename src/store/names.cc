#include "store/names.h"

#include <fmt/format.h>

#include "base/fs.h"

namespace store {
namespace {

constexpr std::string_view kLog = ".log";
constexpr std::string_view kCompressed = ".zst";
constexpr std::string_view kRawLog = ".raw.log";
constexpr std::string_view kSidecar = ".raw.idx";

std::string name_of(std::string_view app, std::string_view kind, int instance,
                    Stamp stamp) {
  std::string name = fmt::format("{}-{}", app, kind);
  if (instance > 0) name += fmt::format("-{}", instance);
  return name.append(stamp == Stamp::None ? kRawLog : kLog);
}

}  // namespace

std::string_view stream_name(Stream stream) {
  return stream == Stream::Out ? "out" : "error";
}

std::string_view stamp_name(Stamp stamp) {
  constexpr std::string_view kNames[] = {"prefix", "json", "none"};
  return kNames[static_cast<size_t>(stamp)];
}

std::string live_name(std::string_view app, Stream stream, int instance,
                      Stamp stamp) {
  return name_of(app, stream_name(stream), instance, stamp);
}

std::string combined_name(std::string_view app, int instance, Stamp stamp) {
  return name_of(app, "all", instance, stamp);
}

std::string numbered_name(std::string_view path, int instance) {
  if (instance == 0) return std::string(path);
  const auto base = path.rfind('/') + 1;  // npos + 1 is 0
  const auto dot =
      is_unstamped(path) ? path.size() - kRawLog.size() : path.rfind('.');
  // A dot that begins the name begins no extension.
  const auto at = dot == path.npos || dot <= base ? path.size() : dot;
  return fmt::format("{}-{}{}", path.substr(0, at), instance, path.substr(at));
}

bool is_unstamped(std::string_view path) {
  if (is_compressed(path)) path.remove_suffix(kCompressed.size());
  return path.ends_with(kRawLog);
}

bool is_compressed(std::string_view path) {
  return path.ends_with(kCompressed);
}

std::string unstamped_name(std::string_view path) {
  if (is_unstamped(path)) return std::string(path);
  if (path.ends_with(kLog)) path.remove_suffix(kLog.size());
  return std::string(path).append(kRawLog);
}

std::string sidecar_name(std::string_view path) {
  if (path.ends_with(kLog)) path.remove_suffix(kLog.size());
  return fmt::format("{}.idx", path);
}

bool is_sidecar(std::string_view path) {
  return path.ends_with(kSidecar);
}

std::string file_path(const std::string& log_dir, const std::string& name) {
  return name.starts_with('/') ? name : base::fs::join(log_dir, name);
}

std::string events_name(std::string_view app) {
  return fmt::format("{}-events.log", app);
}

std::string earlier_events(std::string_view path) {
  return numbered_name(path, 1);
}

}  // namespace store
