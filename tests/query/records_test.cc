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
       })
    CHECK_MESSAGE(continues_record(line, {}), line);
}

TEST_CASE("what is printed over several lines is one record") {
  for (const std::string_view line :
       {"", "\r", "  \"a\": 1,", "}", "},", "]);", "])", "\t", "  } // end"})
    CHECK_MESSAGE(continues_record(line, {}), line);
}

TEST_CASE("an ordinary line begins a record") {
  for (const std::string_view line :
       {"2026-11-21 10:15:02 INFO started", "[error] gone", "level=info msg=x",
        R"({"level":"error","msg":"}"})", "{", "[", "GET /a 200 (12 ms)",
        "ValueError: x", "Error: connect ECONNREFUSED", "panic: gone",
        "done (3 of 4)", "#tag", "# heading", "atlas is up", "/srv/a: missing",
        "..", "-- done", "(a)"})
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
       {"", "INFO started", "ValueError: bad", "    at main (x.js:1:2)",
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
