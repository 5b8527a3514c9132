// What node says over its channel.
#include "daemon/ipc_channel.h"

#include <doctest/doctest.h>

#include <string>

using daemon_::IpcReader;

TEST_CASE("the word ready, whole or cut anywhere") {
  const std::string said = "{\"a\":1}\n\"ready\"\n";
  for (size_t cut = 0; cut <= said.size(); ++cut) {
    IpcReader reader;
    const bool first = reader.feed(said.substr(0, cut));
    const bool second = reader.feed(said.substr(cut));
    CHECK((first != second));
  }
}

TEST_CASE("what only looks like it is not") {
  for (const auto* said :
       {"ready\n", "\"ready\"", "\"readyy\"\n", "x\"ready\"\n",
        "{\"type\":\"ready\"}\n", "[\"ready\"]\n", "\"\\\"ready\\\"\"\n"}) {
    IpcReader reader;
    CHECK_FALSE(reader.feed(said));
  }
}

TEST_CASE("a message of any length is passed over, and the next one heard") {
  IpcReader reader;
  for (int i = 0; i < 1000; ++i)
    CHECK_FALSE(reader.feed(std::string(4096, 'x')));
  CHECK_FALSE(reader.feed("\"ready\""));  // still the same message
  CHECK_FALSE(reader.feed("\n"));
  CHECK(reader.feed("\"ready\"\n"));
}
