#pragma once
// Rows for people: `02:43:07.903551 checkout ! payment: upstream timeout`. On a
// terminal control characters are shown, not obeyed, and long rows are cut;
// elsewhere a child's bytes pass as they are. Rows of context are dim; where
// there is no colour a '-' stands in place of the blank before their text
// (`checkout !-payment`, `checkout  -GET /`), so columns stay where they are.

#include <functional>
#include <string>
#include <vector>

#include "query/fields.h"
#include "query/output.h"
#include "query/pattern.h"
#include "query/printer.h"
#include "query/row_style.h"
#include "query/row_time.h"

namespace query {

// The parts of a line that are set off; Pattern::find_spans(), as a rule.
using Marks = std::function<void(std::string_view text, std::vector<Span>&)>;

struct TextStyle {
  base::Zone zone = base::Zone::Local;
  bool terminal = false;  // sanitize
  bool colour = false;    // only on a terminal
  bool full = false;      // rows of any length, on a terminal too
  bool bare = false;      // the text alone, without time, label and mark
  std::optional<TimeFormat> time{};
  // Coloured in rows that are no context. Of a line that comes in pieces (one
  // that no filter saw) looked for in each piece.
  Marks marks{};
  bool only = false;                // a row for each mark, and no others
  bool pretty = false;              // lines that are JSON objects: pretty.h
  std::vector<FieldPath> fields{};  // of lines that have one, these alone
};

class TextPrinter final : public Printer {
 public:
  TextPrinter(Output& output, const base::Clock& clock, TextStyle style);

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }
  void next_is_context() override { next_is_context_ = true; }
  void gap() override;
  void widen(size_t label_width) override { label_width_ = label_width; }

 private:
  void begin_row(const Origin& origin,
                 const std::optional<base::Timestamp>& time);
  void end_row();
  void put_label(const Origin& origin);
  void put_plain_row(const Origin& origin, const store::Piece& piece);
  void put_line(std::string_view text, bool whole);
  void put_marked(std::string_view text);
  void put_text(std::string_view text);
  void put_only(const Origin& origin, const store::Piece& piece);
  bool reshape(std::string_view text);

  Output& output_;
  TextStyle style_;
  bool plain_;  // a row is time, label and the line's own bytes
  RowTime time_;
  size_t label_width_ = 0;
  // What stands between a row's time and its text, made for:
  std::string lead_;
  struct {
    const Origin* origin = nullptr;
    std::string label;
    size_t width = 0;
    bool context = false;
  } lead_of_;
  const Origin* row_of_ = nullptr;  // whose row is open
  bool next_is_context_ = false;
  bool context_ = false;  // the line whose pieces come
  size_t row_size_ = 0;
  bool cut_ = false;
  Sanitizer sanitizer_;
  std::string scratch_;
  std::string shaped_;
  std::vector<Span> spans_;
};

}  // namespace query
