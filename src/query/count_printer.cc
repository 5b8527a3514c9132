#include "query/count_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/json_text.h"

namespace query {
namespace {

std::string_view stream_name(const Origin& origin) {
  return origin.kind == Kind::Error ? "error" : "out";
}

// The members that tell a stream, as those of a line are called.
std::string json_origin(const Origin& origin) {
  const auto number = [](int value) {
    return value >= 0 ? std::to_string(value) : "null";
  };
  return fmt::format(
      R"({{"v":1,"app":"{}","id":{},"instance":{},"stream":"{}")", origin.app,
      number(origin.id), number(origin.instance), stream_name(origin));
}

}  // namespace

std::string stream_label(const Origin& origin) {
  return fmt::format("{} {}", origin.label, stream_name(origin));
}

void MatchPrinter::piece(const Origin& origin, const store::Piece& piece) {
  if (!piece.begins) return;
  if (!std::exchange(next_is_context_, false)) match(origin);
}

CountPrinter::CountPrinter(Output& output, const std::vector<Origin>& origins,
                           CountForm form)
    : output_(output), form_(form) {
  for (const auto& origin : origins)
    if (origin.kind != Kind::Events) row_of(origin);
  last_ = nullptr;  // `origins` may go
}

CountPrinter::Row& CountPrinter::row_of(const Origin& origin) {
  if (last_ == &origin) return rows_[last_row_];
  const auto [at, added] = by_path_.try_emplace(origin.path, rows_.size());
  if (added) rows_.push_back({origin, 0});
  last_ = &origin;
  last_row_ = at->second;
  return rows_[last_row_];
}

void CountPrinter::match(const Origin& origin) {
  ++row_of(origin).count;
}

void CountPrinter::finish() {
  if (form_ == CountForm::Json) {
    for (const auto& row : rows_)
      output_.put(fmt::format("{},\"count\":{}}}\n", json_origin(row.origin),
                              row.count));
    output_.flush();
    return;
  }
  // One app is to a user what one file is to grep.
  std::vector<std::pair<std::string, uint64_t>> apps;
  for (const auto& row : rows_) {
    const auto same = std::ranges::find(
        apps, row.origin.app, &std::pair<std::string, uint64_t>::first);
    if (same == apps.end())
      apps.emplace_back(row.origin.app, row.count);
    else
      same->second += row.count;
  }
  for (const auto& [app, count] : apps)
    output_.put(apps.size() == 1 ? fmt::format("{}\n", count)
                                 : fmt::format("{}:{}\n", app, count));
  output_.flush();
}

void ListPrinter::match(const Origin& origin) {
  const std::string& path = file_of_ ? file_of_(origin) : origin.path;
  if (last_ != nullptr && *last_ == path) return;
  const auto [at, added] = listed_.insert(path);
  last_ = &*at;
  if (!added) return;
  if (form_ == ListForm::Json) {
    std::string json = json_origin(origin);
    if (file_of_) {
      json += R"(,"path":)";
      append_json_string(path, json);
    }
    output_.put(json + "}");
  } else {
    output_.put(file_of_ ? path : stream_label(origin));
  }
  output_.put('\n');
}

}  // namespace query
