// Apps as people have them: started, listed, back after a kill, down after a
// stop.

#include <doctest/doctest.h>
#include <signal.h>

#include "support/http.h"
#include "support/test_home.h"

namespace support {
namespace {

// The whole life of a server on `port` that was just started as `name`.
void check_life(const TestHome& home, const std::string& name, int port) {
  CHECK(wait_until([&] { return !http_get(port).empty(); }));
  const AppRow row = home.app(name);
  CHECK(row.status == "online");
  CHECK(row.restarts == 0);
  REQUIRE(is_running(row.pid));

  REQUIRE(::kill(row.pid, SIGKILL) == 0);
  REQUIRE(wait_until([&] {
    const AppRow now = home.app(name);
    return now.status == "online" && now.pid != row.pid && now.pid != 0;
  }));
  CHECK(home.app(name).restarts == 1);
  CHECK(wait_until([&] { return !http_get(port).empty(); }));

  const pid_t pid = home.app(name).pid;
  home.must({"stop", name});
  CHECK_FALSE(is_running(pid));
  CHECK(home.app(name).status == "stopped");
  CHECK(http_get(port).empty());
  // Down is down: the daemon has turned a few times since.
  home.must({"list"});
  CHECK(home.app(name).status == "stopped");
  CHECK(home.app(name).pid == 0);

  home.must({"restart", name});
  CHECK(home.app(name).status == "online");
  CHECK(wait_until([&] { return !http_get(port).empty(); }));
}

}  // namespace

TEST_CASE("a node HTTP server lives the life of an app") {
  if (!has_program("node")) {
    MESSAGE("SKIPPED: no node on this machine");
    return;
  }
  const TestHome home;
  const int port = free_port();
  home.work().write("api.js",
                    "const http = require('http');\n"
                    "http.createServer((q, r) => { console.log(q.url);"
                    " r.end('hello from node'); })"
                    ".listen(+process.argv[2], '127.0.0.1');\n");
  const Ran ran = home.must({"start", "api.js", "--", std::to_string(port)});
  CHECK(ran.out.find("node api.js") != std::string::npos);
  CHECK(wait_until([&] {
    return http_get(port).find("hello from node") != std::string::npos;
  }));
  check_life(home, "api", port);
}

TEST_CASE("a python script lives the life of an app") {
  const TestHome home;
  const int port = free_port();
  home.work().write("serve.py",
                    "import http.server, sys\n"
                    "print('serving', flush=True)\n"
                    "http.server.test(http.server.SimpleHTTPRequestHandler,"
                    " bind='127.0.0.1', port=int(sys.argv[1]))\n");
  home.start("serve", "serve.py", {"--", std::to_string(port)});
  check_life(home, "serve", port);
  CHECK(home.must({"logs", "serve", "--out", "--raw", "-n", "all"})
            .out.starts_with("serving\n"));
}

TEST_CASE("a command line of one string lives the life of an app") {
  const TestHome home;
  const int port = free_port();
  home.start("web",
             "python3 -m http.server --bind 127.0.0.1 " + std::to_string(port));
  check_life(home, "web", port);
}

TEST_CASE("each interpreter that is here runs a script of its extension") {
  const TestHome home;
  struct Row {
    std::string program, file, text;
  };
  for (const auto& [program, file, text] :
       {Row{"bash", "a.sh", "echo hello-sh; exec sleep 1000"},
        Row{"python3", "b.py",
            "print('hello-py',flush=True)\nimport time\ntime.sleep(1000)"},
        Row{"perl", "c.pl", "$|=1; print \"hello-pl\\n\"; sleep 1000;"},
        Row{"node", "d.js",
            "console.log('hello-js'); setInterval(()=>{}, 1000)"},
        Row{"ruby", "e.rb", "$stdout.sync=true; puts 'hello-rb'; sleep 1000"},
        Row{"php", "f.php", "<?php echo \"hello-php\\n\"; sleep(1000);"}}) {
    CAPTURE(program);
    if (!has_program(program)) continue;
    home.work().write(file, text);
    const std::string name = file.substr(0, 1);
    home.start(name, file);
    const std::string wanted = "hello-" + file.substr(2) + "\n";
    CHECK(wait_until([&] {
      return home.must({"logs", name, "--raw", "--out"}).out == wanted;
    }));
  }
}

TEST_CASE("an executable, a program on PATH and an interpreter of one's own") {
  const TestHome home;
  home.work().write("run-me", "#!/bin/sh\necho mine; exec sleep 1000\n", 0755);
  home.start("mine", "run-me");
  home.start("sleeper", "sleep", {"--", "1000"});
  home.work().write("odd.txt", "echo odd; exec sleep 1000\n");
  home.start("odd", "odd.txt", {"--interpreter", "bash"});
  for (const std::string name : {"mine", "sleeper", "odd"})
    CHECK(home.app(name).status == "online");
  CHECK(wait_until(
      [&] { return home.must({"logs", "odd", "--raw"}).out == "odd\n"; }));
}

TEST_CASE("an app gets its arguments, directory and environment as given") {
  const TestHome home;
  home.work().write("d/x", "");
  home.work().write("show.sh",
                    "printf '[%s]' \"$@\"; echo; pwd; echo \"$GREETING\";"
                    " echo \"stdin $(readlink /proc/self/fd/0 | head -c4)\";"
                    " exec sleep 1000\n");
  home.must(
      {"start", home.work().file("show.sh"), "--min-uptime", "50ms", "--cwd",
       home.work().file("d"), "--", "a b", "", "--flag", "$HOME"},
      {.env = {{"GREETING", "good day"}}});
  const std::string expected =
      "[a b][][--flag][$HOME]\n" + home.work().file("d") + "\ngood day\n";
  CHECK(wait_until([&] {
    return home.must({"logs", "show", "--raw"}).out.starts_with(expected);
  }));
}

TEST_CASE("instances are processes of their own, with files of their own") {
  const TestHome home;
  home.start("many", "echo instance $NODE_APP_INSTANCE; exec sleep 1000",
             {"-i", "3"});
  const auto rows = home.list();
  REQUIRE(rows.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    CHECK(row.id == i);
    CHECK(row.status == "online");
    CHECK(wait_until([&] {
      return slurp(row.out_file)
          .ends_with("instance " + std::to_string(i) + "\n");
    }));
  }
  CHECK(rows[0].out_file == home.log("many-out.log"));
  CHECK(rows[2].out_file == home.log("many-out-2.log"));
  home.must({"stop", "many/1"});
  CHECK(home.list()[0].status == "online");
  CHECK(home.list()[1].status == "stopped");
}

}  // namespace support
