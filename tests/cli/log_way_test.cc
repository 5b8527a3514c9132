#include "cli/log_way.h"

#include <doctest/doctest.h>

TEST_CASE("each question has the cheapest way that is right for it") {
  using cli::LogWay;
  struct Row {
    cli::LogAsk ask;
    LogWay way;
    bool plain;
  };
  const Row rows[] = {
      {{}, LogWay::Pass, true},
      {{.last = true}, LogWay::Pass, true},
      {{.records = true}, LogWay::Pass, true},
      {{.records = true, .last = true}, LogWay::Pass, true},
      {{.reverse = true}, LogWay::Find, true},
      {{.last = true, .reverse = true}, LogWay::Find, true},
      {{.summed = true}, LogWay::Find, true},
      {{.staged = true}, LogWay::Judge, false},
      {{.parted = true}, LogWay::Judge, false},
      {{.reverse = true, .staged = true}, LogWay::Stage, false},
      {{.staged = true, .summed = true}, LogWay::Stage, false},
      {{.parted = true, .summed = true}, LogWay::Judge, false},
      {{.filtered = true}, LogWay::Find, false},
      {{.filtered = true, .last = true}, LogWay::Find, false},
      {{.filtered = true, .reverse = true}, LogWay::Find, false},
      {{.filtered = true, .summed = true}, LogWay::Find, false},
      {{.filtered = true, .staged = true}, LogWay::Stage, false},
      {{.filtered = true, .parted = true}, LogWay::Around, false},
      {{.filtered = true, .parted = true, .last = true}, LogWay::Around, false},
      {{.filtered = true, .parted = true, .staged = true},
       LogWay::Around,
       false},
      {{.filtered = true, .parted = true, .summed = true},
       LogWay::Around,
       false},
      // Records end where reading forward says so.
      {{.filtered = true, .records = true}, LogWay::Judge, false},
      {{.filtered = true, .records = true, .parted = true},
       LogWay::Judge,
       false},
      {{.filtered = true, .records = true, .summed = true},
       LogWay::Judge,
       false},
      {{.filtered = true, .records = true, .staged = true},
       LogWay::Judge,
       false},
      {{.filtered = true, .records = true, .last = true},
       LogWay::LastRecords,
       false},
      {{.filtered = true, .records = true, .parted = true, .last = true},
       LogWay::LastRecords,
       false},
      {{.filtered = true, .records = true, .last = true, .staged = true},
       LogWay::LastRecords,
       false},
  };
  int number = 0;
  for (const auto& row : rows) {
    CAPTURE(++number);
    CHECK(cli::way_of(row.ask) == row.way);
    CHECK(cli::is_plain(row.ask) == row.plain);
  }
}
