#include "cli/signal_names.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/target.h"

namespace cli {
namespace {

bool read_number(std::string_view text, int& value) {
  const auto* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && at == end;
}

// "+3" after RTMIN, "-1" after RTMAX.
int real_time(std::string_view rest, int from) {
  int distance = 0;
  if (rest.empty()) return from;
  if (rest.front() == '+') rest.remove_prefix(1);
  return read_number(rest, distance) ? from + distance : 0;
}

}  // namespace

std::string signal_name(int number) {
  if (number >= SIGRTMIN && number <= SIGRTMAX)
    return number == SIGRTMIN ? "SIGRTMIN"
                              : fmt::format("SIGRTMIN+{}", number - SIGRTMIN);
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? fmt::format("SIG{}", name)
                         : fmt::format("signal {}", number);
}

base::Result<int> parse_signal(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  int number = 0;
  if (read_number(word, number)) {
    if (number >= 1 && number <= SIGRTMAX) return number;
    return base::fail(base::Errc::Invalid,
                      fmt::format("{}: no such signal", text),
                      fmt::format("1 to {}; kill -l lists them", SIGRTMAX));
  }
  const std::string_view name =
      std::string_view(word).substr(word.starts_with("SIG") ? 3 : 0);
  std::vector<std::string> known;
  for (int i = 1; i < SIGRTMIN; ++i) {
    const char* abbreviation = ::sigabbrev_np(i);
    if (abbreviation == nullptr) continue;
    if (name == abbreviation) return i;
    known.push_back(signal_name(i));
  }
  if (name == "IOT") return SIGABRT;
  if (name == "CLD") return SIGCHLD;
  if (name.starts_with("RTMIN")) number = real_time(name.substr(5), SIGRTMIN);
  if (name.starts_with("RTMAX")) number = real_time(name.substr(5), SIGRTMAX);
  if (number >= SIGRTMIN && number <= SIGRTMAX) return number;
  const auto nearest = base::nearest_word("SIG" + std::string(name), known);
  return base::fail(base::Errc::Invalid,
                    fmt::format("{}: no such signal", text),
                    nearest.empty() ? "SIGTERM, usr2, 12; kill -l lists them"
                                    : fmt::format("did you mean {}?", nearest));
}

}  // namespace cli
