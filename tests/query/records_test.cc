#include "query/records.h"

#include <doctest/doctest.h>

#include <string>

using query::continues_record;

TEST_CASE("lines of stack traces go on in the record before") {
  for (const std::string_view line : {
           "    at com.shop.Cart.add(Cart.java:12)",
           "Caused by: java.io.IOException: gone",
           "\tSuppressed: java.lang.Exception",
           "    ... 12 more",
           "Traceback (most recent call last):",
           "  File \"/srv/app.py\", line 3, in <module>",
           "During handling of the above exception, another exception "
           "occurred:",
           "The above exception was the direct cause of the following "
           "exception:",
           "    at Object.<anonymous> (/srv/app.js:3:7)",
           "goroutine 1 [running]:",
           "main.main()",
           "\t/srv/main.go:7 +0x1d",
           "created by main.start",
           "exit status 2",
           "stack backtrace:",
           "   0: rust_begin_unwind",
           "\tfrom /srv/app.rb:3:in `<main>'",
           "   at Shop.Cart.Add() in /srv/Cart.cs:line 3",
           "--- End of stack trace from previous location ---",
           "---> System.Exception: inner",
           "#0 /srv/a.php(12): f()",
           "#12 {main}",
           "/srv/app/cart.rb:12:in 'block in add'",
           "a.rb:1:in `f'\r",
           "> File \"/srv/a.py\", line 3, in <module>",
           "Caused by:",
           "\x1b[90m    at main (x.js:1:2)\x1b[39m",
       })
    CHECK_MESSAGE(continues_record(line, {}), line);
}

TEST_CASE("what is printed over several lines is one record") {
  for (const std::string_view line :
       {"", "\r", "  \"a\": 1,", "}", "},", "]);", "])", "\t", "  } // end"})
    CHECK_MESSAGE(continues_record(line, {}), line);
}

TEST_CASE("an ordinary line begins a record") {
  for (const std::string_view line : {"2026-11-21 10:15:02 INFO started",
                                      "[error] gone",
                                      "level=info msg=x",
                                      R"({"level":"error","msg":"}"})",
                                      "{",
                                      "[",
                                      "GET /a 200 (12 ms)",
                                      "ValueError: x",
                                      "Error: connect ECONNREFUSED",
                                      "panic: gone",
                                      "done (3 of 4)",
                                      "#tag",
                                      "# heading",
                                      "atlas is up",
                                      "/srv/a: missing",
                                      "..",
                                      "-- done",
                                      "(a)",
                                      "a.rb:1:in 'f': boom (RuntimeError)",
                                      "server.main.Worker: ERROR gone",
                                      "www.example.com: up",
                                      "Server: up",
                                      "done.",
                                      "example.com"})
    CHECK_MESSAGE(!continues_record(line, "INFO started"), line);
}

TEST_CASE("the last line of a Python traceback goes on behind its frames") {
  for (const std::string_view frame :
       {"  File \"/srv/app.py\", line 3, in <module>", "    raise Gone(path)",
        "    ~~^~~", "  [Previous line repeated 996 more times]"})
    for (const std::string_view line :
         {"ValueError: bad", "KeyboardInterrupt", "SystemExit: 2",
          "StopIteration", "shop.errors.NotFound: user", "shop.Gone",
          "__main__.Gone: path", "KeyError\r", "OSError:"}) {
      CHECK_MESSAGE(continues_record(line, frame), line);
      CHECK_MESSAGE(query::asks_previous(line), line);
    }
}

TEST_CASE("an error is a record of its own unless a traceback leads to it") {
  for (const std::string_view previous :
       {"GET /a 200", "ValueError: bad", "    at main (x.js:1:2)",
        "Error: refused", "java.sql.SQLException: ERROR: gone",
        "    at main (x.js:1:2) [ERROR]", R"({"level":"error","msg":"x"})",
        "Caused by: java.lang.Error: ERROR", "com.shop.Full: 3",
        "   at Shop.Cart.Add() in /srv/Cart.cs:line 3",
        "\tat com.shop.Cart.add(Cart.java:12)", "  ... 12 more",
        "\tfrom /srv/app.rb:3:in `<main>'", "   ", "}"})
    for (const std::string_view line :
         {"ValueError: bad", "java.io.IOException: gone", "shop.Gone: path"})
      CHECK_MESSAGE(!continues_record(line, previous), previous);
}

TEST_CASE("other lines behind a traceback's frames begin a record") {
  for (const std::string_view line :
       {"INFO started", "Server: up", "server.main: up", "shop.Gone:1",
        "3.Gone", "ErrorHandler: up", "ValueError bad", ".Gone: x", "a.: x",
        ": x", "[error] ValueError: bad"})
    CHECK_MESSAGE(!continues_record(line, "    raise Gone(path)"), line);
}

TEST_CASE("an exception goes on below the line that it was logged with") {
  for (const std::string_view previous :
       {"ERROR Servlet failed",
        "2026-11-21 10:15:02,123 ERROR [main] c.e.A - x",
        "[10:15:02 ERR] Payment failed", "level=warn msg=x", "INFO retrying",
        "<3>gone", "\x1b[1;31mERROR\x1b[0m gone", "SEVERE: gone\r",
        "  2026-11-21T10:15:02.1Z ERROR app: gone"})
    for (const std::string_view line :
         {"java.lang.RuntimeException: boom", "java.lang.StackOverflowError",
          "org.postgresql.util.PSQLException: ERROR: no relation",
          "com.shop.Cart$FullException: 3", "com.shop.Full: 3",
          "System.Exception: boom", "java.lang.Throwable\r",
          "System.Net.Sockets.SocketException (111): refused",
          "scala.MatchError: 7", "\x1b[31mjava.io.IOException\x1b[0m: gone"}) {
      CHECK_MESSAGE(continues_record(line, previous), line);
      CHECK_MESSAGE(query::asks_previous(line), line);
    }
}

TEST_CASE("an error without a module goes on below trouble only") {
  for (const std::string_view line :
       {"Error: refused", "TypeError: x is no function",
        "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument"}) {
    for (const std::string_view previous : {"ERROR failed", "[warn] again"})
      CHECK_MESSAGE(continues_record(line, previous), line);
    for (const std::string_view previous : {"INFO started", "GET /a 200", ""})
      CHECK_MESSAGE(!continues_record(line, previous), line);
  }
}

TEST_CASE("a trace may follow below an empty line") {
  for (const std::string_view blank : {"", "\r"}) {
    CHECK(continues_record("java.lang.IllegalStateException: failed", blank));
    for (const std::string_view line :
         {"com.shop.Full: 3", "Error: x", "ValueError: x", "System.Exception"})
      CHECK_MESSAGE(!continues_record(line, blank), line);
  }
}

TEST_CASE("a Go trace without arguments goes on below its line") {
  for (const std::string_view line :
       {"main.main", "example.org/shop/cart.(*Cart).Add",
        "example.org/shop.Map[...].func1"}) {
    CHECK_MESSAGE(continues_record(line, "10:15\tERROR\tgone"), line);
    CHECK_MESSAGE(continues_record(line, "\t/srv/shop/main.go:7"), line);
    CHECK_MESSAGE(!continues_record(line, "GET /a 200"), line);
  }
  CHECK(continues_record("runtime.main", "\t/srv/shop/main.go:7"));
  CHECK_FALSE(continues_record("runtime.main", "ERROR gone"));
  CHECK_FALSE(continues_record("example.com", "ERROR gone"));
}

TEST_CASE("an indented line with a time, or an object with a level, begins") {
  for (const std::string_view line :
       {"  2026-11-29T10:00:00.1Z ERROR app: payment failed",
        "\t2026-11-29 10:00:00,123 gone", "  [2026/11/29 10:00:00] gone",
        "  \x1b[2m2026-11-29T10:00:00.1Z\x1b[0m \x1b[31mERROR\x1b[0m app: x",
        R"(  {"level":"error","m":4})", "\t{\"severity\":\"info\"} \r",
        " INFO app: started", " WARN app: low"})
    CHECK_MESSAGE(!continues_record(line, "    at src/main.rs:10"), line);
  for (const std::string_view line :
       {"  2026-11-29", "  2026-11-29T10", "  20261129 10:00:00 gone",
        R"(  {"m":4})", R"(  {"level":"error"},)", R"(  {"level":"error")",
        R"(  "level": "error")", " ERROR app: x", "    INFO x", "  - 7"})
    CHECK_MESSAGE(continues_record(line, "INFO started"), line);
  CHECK_FALSE(continues_record("ValueError: x", "  2026-11-29 10:00 a"));
}
