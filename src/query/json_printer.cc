#include "query/json_printer.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "query/json_text.h"
#include "store/levels.h"

namespace query {

void JsonPrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (line_of_ != nullptr && (piece.begins || line_of_ != &origin)) end(true);
  if (piece.begins) context_ = std::exchange(next_is_context_, false);
  if (line_of_ == nullptr) continued_ = !piece.begins;
  line_of_ = &origin;
  time_ = piece.time;
  text_.append(piece.text);
  if (piece.ends) end(false);
}

// What the line says, and what is read out of it.
void JsonPrinter::append_message(std::string& into) const {
  const bool utf8 = base::is_utf8(text_);
  if (utf8) {
    into += R"("message":)";
    append_json_string(text_, into);
  } else {
    into += R"("message_base64":")" + base::base64(text_) + '"';
  }
  const auto level = store::detect_level(text_);
  if (level != store::Level::Unknown)
    into += fmt::format(R"(,"level":"{}")", store::level_name(level));
  std::string fields;
  if (utf8 && append_json_fields(text_, fields))
    into += R"(,"fields":)" + fields;
}

void JsonPrinter::end(bool partial) {
  const Origin& origin = *line_of_;
  const std::string stamp =
      time_ ? '"' + base::format_stamp(*time_) + '"' : "null";
  std::string json = fmt::format(
      R"({{"v":1,"time":{},"app":"{}","id":{},"instance":{},)", stamp,
      origin.app, origin.id >= 0 ? std::to_string(origin.id) : "null",
      origin.instance >= 0 ? std::to_string(origin.instance) : "null");
  const Life* life = time_ ? lives_.find(origin, *time_) : nullptr;
  if (life != nullptr && life->generation > 0)
    json += fmt::format(R"("generation":{},)", life->generation);
  if (life != nullptr && life->pid > 0)
    json += fmt::format(R"("pid":{},)", life->pid);
  json += fmt::format(R"("stream":"{}",)",
                      origin.kind == Kind::Error ? "error" : "out");
  append_message(json);
  if (!members_.host.empty()) {
    json += R"(,"host":)";
    append_json_string(members_.host, json);
  }
  // Where a line of context lies is not known any more when its match is.
  if (members_.cursor && !context_) {
    json += R"(,"cursor":)";
    append_json_string(members_.cursor(origin, time_), json);
  }
  if (context_) json += R"(,"context":true)";
  if (continued_) json += R"(,"continued":true)";
  if (partial) json += R"(,"partial":true)";
  if (origin.deleted) json += R"(,"gone":true)";
  json += fmt::format(
      R"(,"timestamp":{},"type":"{}","process_id":{},"app_name":"{}"}})", stamp,
      origin.kind == Kind::Error ? "err" : "out",
      origin.id >= 0 ? std::to_string(origin.id) : "null", origin.app);
  json += '\n';
  output_.put(json);
  line_of_ = nullptr;
  // Don't keep the room of one long line for ever.
  if (text_.capacity() > (size_t{1} << 20)) text_ = std::string();
  text_.clear();
}

bool JsonPrinter::event(const Origin& origin, const store::Event& event) {
  lives_.add(event);
  if (!show_events_ || event.kind == store::EventKind::LineEnded) return false;
  if (line_of_ != nullptr) end(true);
  std::string json = store::format_event(event);
  json.pop_back();
  json += R"(,"message":)";
  append_json_string(store::describe_event(event), json);
  if (origin.deleted) json += R"(,"gone":true)";
  json += fmt::format(
      R"(,"timestamp":"{}","type":"process_event","process_id":{},)"
      R"("app_name":"{}"}})",
      base::format_stamp(event.time),
      event.id >= 0 ? std::to_string(event.id) : "null", origin.app);
  json += '\n';
  output_.put(json);
  return true;
}

void JsonPrinter::settle() {
  if (line_of_ != nullptr) end(true);
  output_.flush();
}

}  // namespace query
