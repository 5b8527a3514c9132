#pragma once
// Names of the files in a log directory. Live names end in -out, -error or
// -events (and a number for instances after the first), so no two owners can
// meet on one name whatever apps are called. A name is only ever made here; who
// owns a file is read from the catalog, never guessed from its name.

#include <string>
#include <string_view>

namespace store {

enum class Stream { Out, Error };

std::string_view stream_name(Stream stream);  // "out", "error"

// api-out.log; api-error-2.log
std::string live_name(std::string_view app, Stream stream, int instance);
std::string events_name(std::string_view app);  // api-events.log
inline constexpr std::string_view kDaemonEvents = "lodge-events.log";
inline constexpr std::string_view kCatalogName = "catalog.json";
inline constexpr std::string_view kArchiveDir = "archive";

}  // namespace store
