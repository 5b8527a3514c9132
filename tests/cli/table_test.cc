#include "cli/table.h"

#include <doctest/doctest.h>

#include "cli/text_cells.h"

TEST_CASE("a table is a box as wide as its widest cells") {
  const cli::Table table{.heads = {"id", "name"},
                         .rows = {{{"0"}, {"api"}}, {{"10"}, {"worker"}}}};
  CHECK(cli::draw_table(table, false) ==
        "┌────┬────────┐\n"
        "│ id │ name   │\n"
        "├────┼────────┤\n"
        "│ 0  │ api    │\n"
        "│ 10 │ worker │\n"
        "└────┴────────┘\n");
  CHECK(cli::table_width(table) == 15);
}

TEST_CASE("a table without rows keeps its head") {
  CHECK(cli::draw_table({.heads = {"id"}, .rows = {}}, false) ==
        "┌────┐\n│ id │\n├────┤\n└────┘\n");
}

TEST_CASE("wide characters and combining marks keep the box straight") {
  CHECK(cli::draw_table(
            {.heads = {"n"}, .rows = {{{"日本"}}, {{"é"}}, {{"e\u0301x"}}}},
            false) ==
        "┌──────┐\n"
        "│ n    │\n"
        "├──────┤\n"
        "│ 日本 │\n"
        "│ é    │\n"
        "│ e\u0301x   │\n"
        "└──────┘\n");
}

TEST_CASE("control characters in a cell are shown, never sent") {
  const auto text = cli::draw_table(
      {.heads = {"n"}, .rows = {{{"a\x1b[31m\nb"}}, {{"\xff"}}}}, true);
  CHECK(text.find("a\\x1b[31m\\x0ab") != text.npos);
  CHECK(text.find("\\xff") != text.npos);
  CHECK(text.find("\x1b[31m") == text.npos);
}

TEST_CASE("colour surrounds the text, not its padding") {
  const cli::Table table{.heads = {"status"},
                         .rows = {{{"up", cli::Style::Green}}}};
  const auto text = cli::draw_table(table, true);
  CHECK(text.find("│ \x1b[32mup\x1b[0m     │") != text.npos);
}

TEST_CASE("a cut never splits a character and ends in an ellipsis") {
  CHECK(cli::cut_to_width("worker", 6) == "worker");
  CHECK(cli::cut_to_width("worker", 4) == "wor…");
  CHECK(cli::cut_to_width("日本語", 4) == "日…");
  CHECK(cli::cut_to_width("x", 0).empty());
}

TEST_CASE("every byte string is printable as valid text without controls") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 5) {
      const std::string bytes = {static_cast<char>(a), static_cast<char>(b),
                                 static_cast<char>(a)};
      const std::string shown = cli::printable(bytes);
      CHECK(cli::printable(shown) == shown);
      CHECK(cli::display_width(shown) > 0);
    }
  }
}
