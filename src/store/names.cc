#include "store/names.h"

#include <fmt/format.h>

namespace store {

std::string_view stream_name(Stream stream) {
  return stream == Stream::Out ? "out" : "error";
}

std::string live_name(std::string_view app, Stream stream, int instance) {
  if (instance == 0) return fmt::format("{}-{}.log", app, stream_name(stream));
  return fmt::format("{}-{}-{}.log", app, stream_name(stream), instance);
}

std::string events_name(std::string_view app) {
  return fmt::format("{}-events.log", app);
}

}  // namespace store
