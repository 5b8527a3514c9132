#pragma once
// Rows in a box, as PM2 draws them. Pure: the same rows give the same text.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

enum class Style { Plain, Bold, Dim, Green, Yellow, Red, Cyan };

// `text` between the escape sequences of `style`; as it is without colour.
std::string styled(std::string_view text, Style style, bool color);

struct Cell {
  std::string text;  // may hold anything; shown printable
  Style style = Style::Plain;
};

struct Table {
  std::vector<std::string> heads;
  std::vector<std::vector<Cell>> rows;  // each as long as heads
};

size_t table_width(const Table& table);
// Ends in a newline.
std::string draw_table(const Table& table, bool color);

}  // namespace cli
