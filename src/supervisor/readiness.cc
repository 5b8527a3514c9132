#include "supervisor/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/units.h"

namespace supervisor {
namespace {

std::string shown(std::string_view text) {
  // Cut between characters.
  size_t size = std::min(text.size(), kMostOfStatus);
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  text = text.substr(0, size);
  return base::is_utf8(text) ? std::string(text) : std::string();
}

int pid_in(std::string_view text) {
  int pid = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, pid);
  return error == std::errc{} && at == end && pid > 0 ? pid : 0;
}

}  // namespace

ReadyBy ready_by(const config::AppSpec& spec) {
  if (spec.health.any()) return ReadyBy::Health;
  return spec.wait_ready ? ReadyBy::Word : ReadyBy::Uptime;
}

std::chrono::milliseconds ready_limit(const config::AppSpec& spec) {
  if (ready_by(spec) != ReadyBy::Health) return spec.listen_timeout;
  return std::max(spec.listen_timeout, spec.health.start_period);
}

std::string not_ready_words(const config::AppSpec& spec,
                            std::string_view last_check) {
  auto words = fmt::format("was not ready within {}",
                           base::format_duration(ready_limit(spec)));
  if (ready_by(spec) == ReadyBy::Word)
    return words + ": it sent neither READY=1 nor process.send('ready')";
  return last_check.empty() ? words + ": its health check did not end"
                            : fmt::format("{}: {}", words, last_check);
}

Notice parse_notice(std::string_view datagram) {
  Notice notice;
  while (!datagram.empty()) {
    const auto line = datagram.substr(0, datagram.find('\n'));
    datagram.remove_prefix(std::min(line.size() + 1, datagram.size()));
    const auto equals = line.find('=');
    if (equals == line.npos) continue;
    const auto key = line.substr(0, equals);
    const auto value = line.substr(equals + 1);
    if (key == "READY" && value == "1") notice.ready = true;
    if (key == "STOPPING" && value == "1") notice.stopping = true;
    if (key == "STATUS") notice.status = shown(value);
    if (key == "MAINPID") notice.main_pid = pid_in(value);
  }
  return notice;
}

}  // namespace supervisor
