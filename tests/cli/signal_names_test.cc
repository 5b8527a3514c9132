#include "cli/signal_names.h"

#include <doctest/doctest.h>
#include <signal.h>

using cli::parse_signal;
using cli::signal_name;

TEST_CASE("signals are names with and without SIG, in any case, and numbers") {
  for (const auto* text : {"SIGUSR2", "USR2", "usr2", "sigusr2", "12"})
    CHECK(parse_signal(text) == SIGUSR2);
  CHECK(parse_signal("9") == SIGKILL);
  CHECK(parse_signal("iot") == SIGABRT);
  CHECK(parse_signal("RTMIN") == SIGRTMIN);
  CHECK(parse_signal("SIGRTMIN+3") == SIGRTMIN + 3);
  CHECK(parse_signal("rtmax-1") == SIGRTMAX - 1);
}

TEST_CASE("what is no signal names the nearest that is") {
  const auto hint = [](const char* text) {
    const auto parsed = parse_signal(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::Errc::Invalid);
    return parsed.error().hint;
  };
  CHECK(hint("SIGUSR3") == "did you mean SIGUSR1?");
  CHECK(hint("sigtrem") == "did you mean SIGTERM?");
  for (const auto* text :
       {"0", "65", "-1", "", "SIG", "RTMIN+99", "RTMIN-1", "RTMAX+1", "12x"})
    CHECK_FALSE(hint(text).empty());
}

TEST_CASE("a signal's name reads back") {
  for (int number = 1; number < SIGRTMAX; ++number)
    if (number < 32 || number >= SIGRTMIN)
      CHECK(parse_signal(signal_name(number)) == number);
}
