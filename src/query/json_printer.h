#pragma once
// One JSON object a line: for each line, and for each event. Members are those
// of docs/json.md, PM2's `timestamp type process_id app_name` among them.

#include <functional>
#include <string>

#include "query/lives.h"
#include "query/output.h"
#include "query/printer.h"

namespace query {

struct JsonMembers {
  std::string host{};  // whose logs these are; empty: no such member
  // Where one goes on to read behind a line of `origin` with this stamp; null:
  // no such member.
  std::function<std::string(const Origin&, std::optional<base::Timestamp>)>
      cursor{};
};

class JsonPrinter final : public Printer {
 public:
  // `lives` must know of the starts that were there before; later ones are
  // learnt from events, which are printed only when `show_events`.
  JsonPrinter(Output& output, Lives lives, bool show_events,
              JsonMembers members = {})
      : output_(output),
        lives_(std::move(lives)),
        show_events_(show_events),
        members_(std::move(members)) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }
  void next_is_context() override { next_is_context_ = true; }

 private:
  void end(bool partial);
  void append_message(std::string& into) const;

  Output& output_;
  Lives lives_;
  bool show_events_;
  JsonMembers members_;
  bool next_is_context_ = false;
  bool context_ = false;             // the line that is being gathered
  bool continued_ = false;           // its beginning was shown before
  const Origin* line_of_ = nullptr;  // whose line is being gathered
  std::optional<base::Timestamp> time_;
  std::string text_;
};

}  // namespace query
