#include "cli/run.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/unique_fd.h"
#include "cli/commands.h"

namespace {

// A descriptor that goes to memory for as long as this lives.
class Caught {
 public:
  explicit Caught(int fd)
      : fd_(fd), saved_(::dup(fd)), memory_(::memfd_create("caught", 0)) {
    std::fflush(nullptr);
    ::dup2(memory_.get(), fd_);
  }
  ~Caught() { restore(); }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;
  std::string text() {
    restore();
    std::string all(static_cast<size_t>(::lseek(memory_.get(), 0, SEEK_END)),
                    '\0');
    (void)base::fs::pread(memory_.get(), all, 0, "caught");
    return all;
  }

 private:
  void restore() {
    if (!saved_) return;
    std::fflush(nullptr);
    ::dup2(saved_.get(), fd_);
    saved_.reset();
  }
  int fd_;
  base::UniqueFd saved_;
  base::UniqueFd memory_;
};

struct Ran {
  int exit = 0;
  std::string out;
  std::string err;
};

constexpr const char* kNoHome = "/tmp/lodge-run-test-no-such-home";

// The words of one line, cut at spaces.
Ran lodge(const std::string& line) {
  std::vector<std::string> words = {"lodge"};
  std::istringstream rest(line);
  for (std::string word; rest >> word;) words.push_back(word);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  ::setenv("LODGE_HOME", kNoHome, 1);
  Ran ran;
  Caught out(STDOUT_FILENO);
  Caught err(STDERR_FILENO);
  ran.exit = cli::run(static_cast<int>(argv.size()), argv.data());
  ran.out = out.text();
  ran.err = err.text();
  CHECK_FALSE(std::filesystem::exists(kNoHome));  // whatever was asked
  return ran;
}

}  // namespace

TEST_CASE("help and version need no daemon and say so on stdout") {
  for (const char* line :
       {"", "help", "--help", "-h", "help ls", "start --help", "start -h",
        "--version", "-v", "version"}) {
    CAPTURE(line);
    const auto ran = lodge(line);
    CHECK(ran.exit == 0);
    CHECK_FALSE(ran.out.empty());
    CHECK(ran.err.empty());
  }
  CHECK(lodge("-v").out == LODGE_VERSION "\n");
}

TEST_CASE(
    "without a daemon a command exits 3, says how to go on, makes nothing") {
  for (const char* command :
       {"list", "jlist", "ping", "kill", "pid", "flush"}) {
    const auto ran = lodge(command);
    CHECK(ran.exit == 3);
    CHECK(ran.out.empty());
    CHECK(ran.err.find("no daemon in " + std::string(kNoHome)) !=
          std::string::npos);
    CHECK(ran.err.find("lodge start app.js") != std::string::npos);
  }
  CHECK(lodge("stop api").exit == 3);
}

TEST_CASE("wrong usage exits 2 and names the nearest") {
  CHECK(lodge("lits").exit == 2);
  CHECK(lodge("lits").err ==
        "lodge: lits: no such command · did you mean list?\n");
  CHECK(lodge("list --jsno").err ==
        "lodge: list: --jsno: no such flag · did you mean --json?\n");
  for (const char* line :
       {"start", "stop", "jlist x", "start sleep -i 0x",
        "start sleep --name 12", "start sleep --name @x", "start sleep -k soon",
        "start sleep --stop-exit-codes 256", "start sleep --namespace /",
        "start a b -n c", "start sleep -- \xff", "start sleep --wait x",
        "events -n x", "events nope", "help nope"}) {
    CAPTURE(line);
    CHECK(lodge(line).exit == 2);
  }
}

TEST_CASE("exit codes without a daemon are those of the contract") {
  struct Row {
    const char* line;
    int exit;
  };
  for (const auto& [line, exit] : std::vector<Row>{
           {"", 0},
           {"help", 0},
           {"version", 0},
           {"--version --json", 0},
           {"logs", 0},
           {"logs lodge", 0},
           {"events", 0},
           {"events lodge", 0},
           {"events --since -1h", 1},
           {"logs --since -1h", 1},
           {"logs nope", 2},
           {"tail nope", 2},
           {"events nope", 2},
           {"logs -n x", 2},
           {"logs --raw --json", 2},
           {"logs --until whenever", 2},
           {"events --since whenever", 2},
           {"events --until whenever", 2},
           {"events --since -1h --until -2h", 2},
           {"events --kind start,exit", 1},
           {"events --kind strat", 2},
           {"events --kind start,", 2},
           {"events -g started", 1},
           {"events -g (", 2},
           {"events --not started -i", 1},
           {"events -c", 0},
           {"events -c --kind exit", 1},
           {"events -m x", 2},
           {"events -f --reverse", 2},
           {"events -f -c", 2},
           {"events -f -m 0", 0},
           {"bogus", 2},
           {"--home", 2},
           {"list --home", 2},
           {"list --home=", 2},
           {"describe", 2},
           {"stop", 2},
           {"restart", 2},
           {"delete", 2},
           {"list x", 3},
           {"list --sort", 2},
           {"scale api", 2},
           {"scale api x", 2},
           {"sendSignal BOGUS api", 2},
           {"env", 2},
           {"id", 2},
           {"env api", 3},
           {"id api", 3},
           {"scale api -1", 3},
           {"reload api", 3},
           {"reset api", 3},
           {"send 0 x", 3},
           {"attach 0", 3},
           {"sendsignal usr1 api", 3},
           {"gracefulReload api", 3},
           {"jlist x", 2},
           {"ping x", 2},
           {"kill x", 2},
           {"flush --bogus", 2},
           {"pid --bogus", 2},
           {"start all", 1},
           {"start nope", 1},
           {"start nope --json", 1},
           {"list", 3},
           {"jlist", 3},
           {"describe nope", 3},
           {"pid nope", 3},
           {"stop nope", 3},
           {"restart all", 3},
           {"delete nope", 3},
           {"flush nope", 3},
           {"ping", 3},
           {"kill", 3},
       }) {
    const auto ran = lodge(line);
    INFO("lodge ", line, "\n", ran.err);
    CHECK(ran.exit == exit);
    // Only what was looked for and not found may fail without a word.
    if (exit > 1) CHECK_FALSE(ran.err.empty());
    if (exit == 0) CHECK(ran.err.empty());
  }
  CHECK(lodge("tail nope").err.starts_with("lodge: tail: nope"));
}

TEST_CASE("a script that can't run exits 1 before any daemon is started") {
  CHECK(lodge("start /nonexistent").exit == 1);
  CHECK(lodge("start /tmp").exit == 1);
  CHECK(lodge("start sleep --cwd /nonexistent").exit == 1);
}

TEST_CASE("with --json an error is an object on stderr, and stdout is empty") {
  for (const auto& ran : {lodge("list --json"), lodge("--json list"),
                          lodge("start --json"), lodge("list --json --nope"),
                          lodge("list --nope --json"), lodge("bogus --json"),
                          lodge("help nope --json"), lodge("list x --json"),
                          lodge("logs nope --json"), lodge("--json bogus")}) {
    CAPTURE(ran.err);
    CHECK(ran.out.empty());
    const auto json = nlohmann::json::parse(ran.err, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["error"]["exit"] == ran.exit);
    CHECK_FALSE(json["error"]["why"].get<std::string>().empty());
  }
}

TEST_CASE("what follows -- is the app's, --json too") {
  for (const char* line : {"start /nonexistent -- 8080",
                           "start /nonexistent -- --json", "bogus -- --json"}) {
    const auto ran = lodge(line);
    CAPTURE(ran.err);
    CHECK(ran.err.starts_with("lodge: "));
  }
}

TEST_CASE("every name of every command has both helps") {
  for (const auto& command : cli::commands()) {
    std::vector<std::string_view> names(command.aliases.begin(),
                                        command.aliases.end());
    names.push_back(command.name);
    for (const auto name : names) {
      CAPTURE(name);
      for (const char* flag : {" --help", " -h"}) {
        const auto ran = lodge(std::string(name) + flag);
        CHECK(ran.exit == 0);
        CHECK(ran.out.find("lodge " + std::string(command.name)) !=
              std::string::npos);
      }
    }
  }
}

TEST_CASE("flags of every command may stand before it") {
  const auto ran = lodge("--home /tmp/lodge-run-test-other list");
  CHECK(ran.exit == 3);
  CHECK(ran.err.find("/tmp/lodge-run-test-other") != std::string::npos);
}
