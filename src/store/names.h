#pragma once
// Names of the files in a log directory. Live names end in -out, -error, -all
// or -events (and a number for instances after the first). A name is only ever
// made here; who owns a file is read from the catalog, never guessed from its
// name.

#include <string>
#include <string_view>

namespace store {

enum class Stream { Out, Error };
// How the lines of a file bear their time; None: in a sidecar.
enum class Stamp { Prefix, Json, None };

std::string_view stream_name(Stream stream);  // "out", "error"

std::string_view stamp_name(Stamp stamp);  // "prefix", "json", "none"

// api-out.log; api-error-2.log; unstamped: api-out.raw.log
std::string live_name(std::string_view app, Stream stream, int instance,
                      Stamp stamp = Stamp::Prefix);
// Both streams in one: api-all.log
std::string combined_name(std::string_view app, int instance,
                          Stamp stamp = Stamp::Prefix);
// A file of that name for another instance: "a.log", 2 -> "a-2.log"; the first
// has no number.
std::string numbered_name(std::string_view path, int instance);
// Files without stamps are known by their names: how a file is read is part of
// its name, as .zst is; only whose it is never is.
// Archives too.
bool is_unstamped(std::string_view path);
// An archive: api-out.log.zst
bool is_compressed(std::string_view path);
// api-out.log, when it is to be such a file: api-out.raw.log
std::string unstamped_name(std::string_view path);
// Where its times are: api-out.raw.log -> api-out.raw.idx
std::string sidecar_name(std::string_view path);
// A name that only a sidecar may have.
bool is_sidecar(std::string_view path);
// Names in the catalog are in the log directory, or absolute.
std::string file_path(const std::string& log_dir, const std::string& name);

std::string events_name(std::string_view app);  // api-events.log
// Where the events before those of that file are: api-events-1.log
std::string earlier_events(std::string_view path);
inline constexpr std::string_view kDaemonEvents = "lodge-events.log";
inline constexpr std::string_view kCatalogName = "catalog.json";
inline constexpr std::string_view kArchiveDir = "archive";

}  // namespace store
