#pragma once
// `--template` and PM2's `--format`: a row for each line, as a template says.
// Events have no fields and are left out. On a terminal, rows are harmless.

#include <string>

#include "query/output.h"
#include "query/printer.h"
#include "query/row_style.h"
#include "query/template.h"

namespace query {

struct TemplateStyle {
  base::Zone zone = base::Zone::Local;
  bool terminal = false;  // sanitize
  bool colour = false;    // of the lines themselves
  std::optional<TimeFormat> time{};
};

class TemplatePrinter final : public Printer {
 public:
  TemplatePrinter(Output& output, Template form, TemplateStyle style)
      : output_(output),
        template_(std::move(form)),
        style_(std::move(style)),
        sanitizer_(style_.colour) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }
  void gap() override;

 private:
  void end();

  Output& output_;
  Template template_;
  TemplateStyle style_;
  Sanitizer sanitizer_;
  const Origin* line_of_ = nullptr;  // whose line is being gathered
  std::optional<base::Timestamp> time_;
  std::string text_;
  std::string row_;
  std::string shown_;
};

}  // namespace query
