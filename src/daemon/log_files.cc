#include "daemon/log_files.h"

#include "rotate/schedule.h"

#include <map>

#include "base/fs.h"

namespace daemon_ {
namespace {

namespace fs = base::fs;
using config::AppSpec;
using config::LogSettings;
using store::Stream;

bool keeps_nothing(std::string_view path) {
  return path == "/dev/null" || path == "NULL";
}

const std::string& own_file(const LogSettings& log, Stream stream) {
  return stream == Stream::Out ? log.out_file : log.error_file;
}

store::Stamp stamp_of(const LogSettings& log) {
  return static_cast<store::Stamp>(log.stamp);
}
static_assert(static_cast<int>(LogSettings::Stamp::None) ==
              static_cast<int>(store::Stamp::None));

// A stream has one file: its own if it was given one, else the combined one.
std::string stream_file(const AppSpec& spec, Stream stream, int number,
                        const std::string& log_dir) {
  const LogSettings& log = spec.log;
  if (log.disable_logs) return {};
  const int numbered = log.merge_logs ? 0 : number;
  const std::string& own = own_file(log, stream);
  if (own.empty() && log.log_file.empty())
    return store::live_name(spec.name, stream, numbered, stamp_of(log));
  if (own.empty() && log.log_file == "true")
    return store::combined_name(spec.name, numbered, stamp_of(log));
  const std::string& given = own.empty() ? log.log_file : own;
  if (keeps_nothing(given)) return {};
  auto name = store::numbered_name(given, numbered);
  if (log.stamp == LogSettings::Stamp::None) name = store::unstamped_name(name);
  const auto path = fs::absolute(name, spec.cwd);
  // One name for one file, however it was written.
  return fs::dir_name(path) == log_dir ? fs::base_name(path) : path;
}

}  // namespace

store::CatalogInstance files_of(const AppSpec& spec, int id, int number,
                                const std::string& log_dir) {
  return {id, number, stream_file(spec, Stream::Out, number, log_dir),
          stream_file(spec, Stream::Error, number, log_dir),
          stamp_of(spec.log)};
}

capture::SinkOptions sink_options(const LogSettings& log, uint64_t max_size) {
  using O = capture::SinkOptions;
  O options;
  switch (log.stamp) {
    case LogSettings::Stamp::Prefix:
      options.stamp = O::Stamp::Prefix;
      break;
    case LogSettings::Stamp::Json:
      options.stamp = O::Stamp::Json;
      break;
    case LogSettings::Stamp::None:
      options.stamp = O::Stamp::None;
      break;
  }
  switch (log.sync) {
    case LogSettings::Sync::None:
      options.sync = O::Sync::None;
      break;
    case LogSettings::Sync::Interval:
      options.sync = O::Sync::Interval;
      break;
    case LogSettings::Sync::Rotate:
      options.sync = O::Sync::Rotate;
      break;
  }
  options.overflow = log.overflow == LogSettings::Overflow::Drop
                         ? O::Overflow::Drop
                         : O::Overflow::Block;
  options.on_full = log.on_full == LogSettings::OnFull::Wait ? O::OnFull::Wait
                                                             : O::OnFull::Drop;
  options.rate = {log.rate_bytes, log.rate_burst,
                  log.rate_then == LogSettings::Then::Sample
                      ? O::Rate::Then::Sample
                      : O::Rate::Then::Drop};
  options.max_size = log.max_size.value_or(max_size);
  options.strip_ansi = log.strip_ansi;
  options.redact = log.redact;
  options.mode = log.mode;
  return options;
}

capture::SinkSpec sink_spec(const AppSpec& spec, int id, int number,
                            Stream stream, const std::string& log_dir,
                            uint64_t max_size) {
  const auto files = files_of(spec, id, number, log_dir);
  const auto& file = stream == Stream::Out ? files.out_file : files.error_file;
  if (file.empty()) return {};
  const auto kind = files.out_file == files.error_file ? store::SegmentKind::All
                    : stream == Stream::Out            ? store::SegmentKind::Out
                                            : store::SegmentKind::Error;
  return {store::file_path(log_dir, file),
          sink_options(spec.log, max_size),
          {spec.name, kind, spec.log.merge_logs ? 0 : number}};
}

std::vector<capture::SinkSpec> sink_specs(
    const supervisor::Supervisor& supervisor, const std::string& log_dir,
    uint64_t max_size) {
  std::map<std::string, capture::SinkSpec> by_path;
  for (const auto& app : supervisor.apps())
    for (const auto& instance : app->instances)
      for (const auto stream : {Stream::Out, Stream::Error}) {
        const auto& life = instance->life();
        auto sink = sink_spec(app->spec, life.id, life.number, stream, log_dir,
                              max_size);
        if (!sink.path.empty()) by_path.try_emplace(sink.path, std::move(sink));
      }
  std::vector<capture::SinkSpec> all;
  for (auto& [path, sink] : by_path) all.push_back(std::move(sink));
  return all;
}

store::KeepRules keep_rules(const LogSettings& log) {
  return {log.retain_count, log.retain_age, log.retain_size,
          log.compress ? log.level : 0};
}

bool is_named(const LogSettings& log, Stream stream) {
  return !own_file(log, stream).empty() ||
         (!log.log_file.empty() && log.log_file != "true");
}

base::Status check_schedule(const config::AppSpec& spec) {
  const auto& log = spec.log;
  if (log.rotate.empty() && log.tz.empty()) return {};
  auto schedule =
      rotate::parse_schedule(log.rotate.empty() ? "daily" : log.rotate, log.tz);
  if (schedule) return {};
  auto error = std::move(schedule.error());
  error.code = base::Errc::Invalid;  // whatever is missing: a wrong setting
  return base::fail(std::move(error).with_context(spec.name + ": log.rotate"));
}

}  // namespace daemon_
