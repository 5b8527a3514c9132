#include "cli/table.h"

#include <algorithm>

#include "cli/text_cells.h"

namespace cli {
namespace {

std::string_view sequence(Style style) {
  switch (style) {
    case Style::Plain:
      return "";
    case Style::Bold:
      return "\x1b[1m";
    case Style::Dim:
      return "\x1b[2m";
    case Style::Green:
      return "\x1b[32m";
    case Style::Yellow:
      return "\x1b[33m";
    case Style::Red:
      return "\x1b[31m";
    case Style::Cyan:
      return "\x1b[36m";
  }
  return "";
}

std::vector<size_t> column_widths(const Table& table) {
  std::vector<size_t> widths;
  for (const auto& head : table.heads) widths.push_back(display_width(head));
  for (const auto& row : table.rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(printable(row[i].text)));
  return widths;
}

std::string rule(const std::vector<size_t>& widths, std::string_view left,
                 std::string_view middle, std::string_view right) {
  std::string line(left);
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) line += middle;
    for (size_t k = 0; k < widths[i] + 2; ++k) line += "─";
  }
  return line.append(right) + "\n";
}

void add_padded(std::string& out, const Cell& cell, size_t width, bool color) {
  const std::string text = printable(cell.text);
  out += styled(text, cell.style, color);
  out.append(width - display_width(text), ' ');
}

}  // namespace

std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::Plain) return std::string(text);
  return std::string(sequence(style)).append(text).append("\x1b[0m");
}

size_t table_width(const Table& table) {
  size_t width = 1;
  for (const size_t column : column_widths(table)) width += column + 3;
  return width;
}

std::string draw_table(const Table& table, bool color) {
  const auto widths = column_widths(table);
  std::string text = rule(widths, "┌", "┬", "┐");
  const auto add_line = [&](const std::vector<Cell>& cells) {
    text += "│";
    for (size_t i = 0; i < cells.size(); ++i) {
      text += ' ';
      add_padded(text, cells[i], widths[i], color);
      text += " │";
    }
    text += '\n';
  };
  std::vector<Cell> heads;
  for (const auto& head : table.heads)
    heads.push_back({head, color ? Style::Cyan : Style::Plain});
  add_line(heads);
  text += rule(widths, "├", "┼", "┤");
  for (const auto& row : table.rows) add_line(row);
  return text + rule(widths, "└", "┴", "┘");
}

}  // namespace cli
