// What shells complete of lodge.

#include <doctest/doctest.h>

#include "support/process.h"
#include "support/test_home.h"

namespace support {
namespace {

// What bash offers for the last of `words`.
std::string offered(const TestHome& home, const std::string& words) {
  return run({"bash", "-c",
              "lodge() { \"$0\" \"$@\"; }; source <(lodge completion bash); "
              "COMP_WORDS=(" +
                  words +
                  "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _lodge; "
                  "echo \" ${COMPREPLY[*]} \"",
              lodge_binary()},
             home.in_home())
      .out;
}

}  // namespace

TEST_CASE("bash completes commands, flags, and names of apps") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const auto has = [](const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
  };
  CHECK(has(offered(home, "lodge startO"), " startOrRestart "));
  CHECK_FALSE(has(offered(home, "lodge startO"), " stop "));
  CHECK(has(offered(home, "lodge stop --ex"), " --exclude "));
  CHECK(has(offered(home, "lodge rm --lo"), " --logs "));
  CHECK(has(offered(home, "lodge restart ap"), " api "));
  CHECK_FALSE(has(offered(home, "lodge restart x"), " api "));
}

TEST_CASE("a completion names every command, and shells can read it") {
  const TestHome home;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto script = home.must({"completion", shell}).out;
    for (const auto* word :
         {"startOrReload", "resurrect", "grep", "max-restarts"})
      CHECK(script.find(word) != std::string::npos);
    home.work().write("script", script);
    if (has_program(shell))
      CHECK(run({shell, "-n", home.work().file("script")}).exit == 0);
  }
  const auto wrong = home.lodge({"completion", "tcsh"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("bash, zsh or fish") != std::string::npos);
}

TEST_CASE("help has pages for situations") {
  const TestHome home;
  for (const auto* topic : {"incident", "disk", "pm2"})
    CHECK(home.must({"help", topic}).out.size() > 500);
  CHECK(home.must({"help"}).out.find("incident") != std::string::npos);
}

}  // namespace support
