#pragma once
// Rows for people: `02:43:07.903551 checkout ! payment: upstream timeout`. On a
// terminal control characters are shown, not obeyed, and long rows are cut;
// elsewhere a child's bytes pass as they are.

#include <string>

#include "base/time_spec.h"
#include "query/output.h"
#include "query/printer.h"
#include "query/row_style.h"

namespace query {

struct TextStyle {
  base::Zone zone = base::Zone::Local;
  bool terminal = false;  // sanitize
  bool colour = false;
  bool full = false;  // rows of any length, on a terminal too
};

class TextPrinter final : public Printer {
 public:
  TextPrinter(Output& output, const base::Clock& clock, TextStyle style);

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }
  void widen(size_t label_width) override { label_width_ = label_width; }

 private:
  void begin_row(const Origin& origin, std::string_view label,
                 std::optional<base::Timestamp> time);
  void end_row();
  void put_time(std::optional<base::Timestamp> time);
  void put_label(std::string_view app, std::string_view label);
  void put_text(std::string_view text);
  void learn_today();

  Output& output_;
  const base::Clock& clock_;
  TextStyle style_;
  size_t label_width_ = 0;
  const Origin* row_of_ = nullptr;  // whose row is open
  size_t row_size_ = 0;
  bool cut_ = false;
  Sanitizer sanitizer_;
  std::string scratch_;
  int64_t second_ = INT64_MIN;  // that second_text_ shows
  std::string second_text_;
  base::WallTime today_;
};

}  // namespace query
