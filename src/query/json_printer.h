#pragma once
// One JSON object a line: for each line, and for each event. Members are those
// of SPEC "JSON" and PM2's `timestamp type process_id app_name`.

#include <string>

#include "query/output.h"
#include "query/printer.h"

namespace query {

class JsonPrinter final : public Printer {
 public:
  explicit JsonPrinter(Output& output) : output_(output) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  void event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }

 private:
  void end(bool partial);

  Output& output_;
  const Origin* line_of_ = nullptr;  // whose line is being gathered
  std::optional<base::Timestamp> time_;
  std::string text_;
};

// `text`, which is UTF-8, as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& into);

}  // namespace query
