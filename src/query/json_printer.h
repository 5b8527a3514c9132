#pragma once
// One JSON object a line: for each line, and for each event. Members are those
// of SPEC "JSON" and PM2's `timestamp type process_id app_name`.

#include <string>

#include "query/lives.h"
#include "query/output.h"
#include "query/printer.h"

namespace query {

class JsonPrinter final : public Printer {
 public:
  // `lives` must know of the starts that were there before; later ones are
  // learnt from events, which are printed only when `show_events`.
  JsonPrinter(Output& output, Lives lives, bool show_events)
      : output_(output), lives_(std::move(lives)), show_events_(show_events) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }

 private:
  void end(bool partial);

  Output& output_;
  Lives lives_;
  bool show_events_;
  const Origin* line_of_ = nullptr;  // whose line is being gathered
  std::optional<base::Timestamp> time_;
  std::string text_;
};

// `text`, which is UTF-8, as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& into);

}  // namespace query
