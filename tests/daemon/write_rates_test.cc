#include "daemon/write_rates.h"

#include <doctest/doctest.h>

#include <chrono>

namespace daemon_ {
namespace {

using std::chrono::seconds;

base::MonoTime at(int second) {
  return base::MonoTime{} + seconds(second);
}

}  // namespace

TEST_CASE("a rate is what was written between two looks, over all segments") {
  WriteRates rates;
  rates.look({{.path = "/a", .size = 10, .written = 5'000'000}}, at(1));
  CHECK(rates.of("/a") == 0);  // not known yet
  // It was sealed meanwhile: smaller, and more was written.
  rates.look({{.path = "/a", .size = 3, .written = 5'004'000}}, at(3));
  CHECK(rates.of("/a") == 2000);
  rates.look({{.path = "/a", .size = 3, .written = 5'004'000}}, at(4));
  CHECK(rates.of("/a") == 0);
  CHECK(rates.of("/b") == 0);
}

TEST_CASE(
    "a writer that is new, or was away, has no rate of what came before") {
  WriteRates rates;
  rates.look({{.path = "/a", .written = 5000}, {.path = "/b"}}, at(1));
  rates.look({{.path = "/a", .written = 100}}, at(2));
  CHECK(rates.of("/a") == 0);
  rates.look({{.path = "/a", .written = 300}, {.path = "/b", .written = 900}},
             at(3));
  CHECK(rates.of("/a") == 200);
  CHECK(rates.of("/b") == 0);
}

}  // namespace daemon_
