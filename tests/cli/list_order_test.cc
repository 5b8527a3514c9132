#include "cli/list_order.h"

#include <doctest/doctest.h>

using control::InstanceInfo;

namespace {

std::vector<int> order(std::string_view by) {
  std::vector<InstanceInfo> rows(3);
  rows[0].id = 0, rows[0].app = "b", rows[0].cpu_percent = 5;
  rows[1].id = 1, rows[1].app = "a", rows[1].cpu_percent = 9;
  rows[2].id = 2, rows[2].app = "c", rows[2].cpu_percent = 5;
  if (auto sorted = cli::sort_rows(rows, by); !sorted) {
    CHECK(sorted.error().code == base::Errc::Invalid);
    return {};
  }
  std::vector<int> ids;
  for (const auto& row : rows) ids.push_back(row.id);
  return ids;
}

}  // namespace

TEST_CASE("rows are sorted by a field, equal ones stay in their order") {
  CHECK(order("name") == std::vector<int>{1, 0, 2});
  CHECK(order("name:asc") == std::vector<int>{1, 0, 2});
  CHECK(order("cpu") == std::vector<int>{0, 2, 1});
  CHECK(order("cpu:desc") == std::vector<int>{1, 0, 2});
  CHECK(order("status") == std::vector<int>{0, 1, 2});
  CHECK(order("nope").empty());
  CHECK(order("cpu:").empty());
  CHECK(order("").empty());
}

TEST_CASE("secrets of a row are masked wherever a command line is") {
  InstanceInfo row;
  row.script = "TOKEN=abc node api.js";
  row.args = {"--token", "abc", "--port", "80", "--api-key=abc"};
  row.settings = {{"script", "TOKEN=abc node api.js", "given"},
                  {"args", R"(["--token","abc","x"])", "given"},
                  {"instances", "2", "given"}};
  cli::mask_row(row);
  CHECK(row.script == "TOKEN=*** node api.js");
  CHECK(row.args == std::vector<std::string>{"--token", "***", "--port", "80",
                                             "--api-key=***"});
  CHECK(row.settings[0].value == "TOKEN=*** node api.js");
  CHECK(row.settings[1].value == R"(["--token","***","x"])");
  CHECK(row.settings[2].value == "2");
}
