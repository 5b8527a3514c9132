#include "cli/log_printer.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "cli/log_sums.h"
#include "query/count_printer.h"
#include "query/json_printer.h"
#include "query/raw_printer.h"
#include "query/template_printer.h"
#include "query/text_printer.h"

namespace cli {
namespace {

using base::Result;

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

Result<std::vector<query::FieldPath>> parse_fields(std::string_view list) {
  std::vector<query::FieldPath> paths;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto path = query::parse_field_path(list.substr(0, end));
    if (!path) return base::pass(std::move(path), "--fields");
    paths.push_back(std::move(*path));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return paths;
}

Result<std::optional<query::TimeFormat>> time_format(const LogsArgs& args) {
  if (!args.timestamp) return std::nullopt;
  auto format = query::TimeFormat::parse(
      args.timestamp->empty() ? query::kTimestampFormat : *args.timestamp);
  if (!format) return base::fail(std::move(format.error()));
  return std::optional(std::move(*format));
}

// What is coloured in rows: what was searched for, or --highlight.
Result<query::Marks> make_marks(const LogsArgs& args) {
  query::TextQuery wanted = args.text;
  std::ranges::move(wanted.all, std::back_inserter(wanted.any));
  wanted.all.clear();
  wanted.none.clear();
  if (!args.highlight.empty()) {
    wanted.invert = false;
    wanted.any.push_back(args.highlight);
  }
  if (wanted.any.empty()) return query::Marks{};
  auto compiled = query::Pattern::compile(wanted);
  if (!compiled) return base::pass(std::move(compiled), "--highlight");
  // Shared since a function must be copyable; it has one owner.
  const auto pattern = std::make_shared<query::Pattern>(std::move(*compiled));
  return query::Marks(
      [pattern](std::string_view text, std::vector<query::Span>& spans) {
        pattern->find_spans(text, spans);
      });
}

Result<LogPrinter> make_text(const LogSetting& setting) {
  const LogsArgs& args = setting.args;
  query::TextStyle style;
  style.zone = setting.request.zone;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  style.colour = style.terminal && wants_colours(args);
  style.full = args.full;
  style.only = args.only_matching;
  style.bare = args.raw;
  style.pretty = args.pretty || style.terminal;
  auto time = time_format(args);
  if (!time) return base::fail(std::move(time.error()));
  style.time = std::move(*time);
  if (style.colour || style.only || !args.highlight.empty()) {
    auto marks = make_marks(args);
    if (!marks) return base::fail(std::move(marks.error()));
    if (style.colour || style.only) style.marks = std::move(*marks);
  }
  auto fields = parse_fields(args.fields);
  if (!fields) return base::fail(std::move(fields.error()));
  style.fields = std::move(*fields);
  return LogPrinter{std::make_unique<query::TextPrinter>(
      setting.output, setting.clock, std::move(style))};
}

Result<LogPrinter> make_template(const LogSetting& setting) {
  const LogsArgs& args = setting.args;
  auto form = query::Template::parse(args.format ? query::kPm2Template
                                                 : args.line_template);
  if (!form) return base::fail(std::move(form.error()));
  query::TemplateStyle style;
  style.zone = setting.request.zone;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  style.colour = style.terminal && wants_colours(args);
  auto time = time_format(args);
  if (!time) return base::fail(std::move(time.error()));
  style.time = std::move(*time);
  if (args.format && !style.time)
    style.time = *query::TimeFormat::parse(query::kFormatTimestamp);
  return LogPrinter{std::make_unique<query::TemplatePrinter>(
      setting.output, std::move(*form), std::move(style))};
}

size_t streams_of(const query::Plan& plan) {
  size_t streams = 0;
  for (const auto& origin : plan.origins)
    if (origin.kind != query::Kind::Events) ++streams;
  return streams;
}

size_t files_of(const query::Reading& reading) {
  size_t files = 0;
  for (const auto& source : reading.sources())
    if (!source->has_event()) files += source->segments().size() + 1;
  return files;
}

LogPrinter make_quiet() {
  return {.printer = std::make_unique<query::QuietPrinter>(),
          .wants_text = false};
}

// `-l`, and by path `--files`.
LogPrinter make_names(const LogSetting& setting) {
  const auto form =
      setting.args.json ? query::ListForm::Json : query::ListForm::Text;
  if (!setting.args.paths)
    return {.printer = std::make_unique<query::ListPrinter>(
                setting.output, streams_of(setting.plan), form),
            .wants_text = false};
  const query::Reading& reading = setting.reading;
  return {.printer = std::make_unique<query::ListPrinter>(
              setting.output, files_of(reading), form,
              [&reading](const query::Origin& origin) -> const std::string& {
                const auto* source = reading.find(origin);
                return source == nullptr ? origin.path : source->path();
              }),
          .wants_text = false};
}

LogPrinter make_count(const LogSetting& setting) {
  auto counts = std::make_unique<query::CountPrinter>(
      setting.output, setting.plan.origins,
      setting.args.json ? query::CountForm::Json : query::CountForm::Text);
  auto at_end = [&counts = *counts] {
    counts.finish();
    return true;  // none is a count, too
  };
  return {.printer = std::move(counts),
          .at_end = std::move(at_end),
          .wants_text = false};
}

// `--by`, `--distinct`, `--top`.
Result<LogPrinter> make_summed(const LogSetting& setting) {
  auto sums = make_sums(setting.home, setting.args, setting.request,
                        setting.output, setting.reading.problems());
  if (!sums) return base::fail(std::move(sums.error()));
  auto at_end = [&sums = **sums] { return sums.finish(); };
  return LogPrinter{.printer = std::move(*sums), .at_end = std::move(at_end)};
}

LogPrinter make_raw(const LogSetting& setting) {
  const LogRequest& request = setting.request;
  const bool picks = request.filtered || request.most ||
                     request.context.parted || request.query.reverse;
  if (picks)
    return {.printer = std::make_unique<query::RawLinePrinter>(setting.output)};
  return {.printer = std::make_unique<query::RawPrinter>(
              setting.output,
              query::find_line_endings(setting.plan.origins,
                                       setting.reading.problems()))};
}

LogPrinter make_json(const LogSetting& setting) {
  query::JsonMembers members;
  members.host = host_name();
  const query::Reading& reading = setting.reading;
  // Where the lines of a record lie is not known any more when it has ended.
  if (!setting.request.query.lines.records)
    members.cursor = [&reading](const query::Origin& origin,
                                std::optional<base::Timestamp> time) {
      const auto* source = reading.find(origin);
      return source == nullptr || !time
                 ? std::string()
                 : query::format_cursor(source->cursor());
    };
  return {
      .printer = std::make_unique<query::JsonPrinter>(
          setting.output,
          query::find_lives(setting.plan.origins, setting.reading.problems()),
          setting.request.shows_events, std::move(members))};
}

}  // namespace

bool wants_colours(const LogsArgs& args) {
  const char* no_color = std::getenv("NO_COLOR");
  return args.color && (no_color == nullptr || *no_color == '\0');
}

Result<LogPrinter> make_log_printer(const LogSetting& setting) {
  const LogsArgs& args = setting.args;
  if (args.quiet) return make_quiet();
  if (args.names || args.paths) return make_names(setting);
  if (args.count) return make_count(setting);
  if (asks_for_sums(args)) return make_summed(setting);
  if (args.raw && !args.only_matching) return make_raw(setting);
  if (args.json) return make_json(setting);
  if (args.format || !args.line_template.empty()) return make_template(setting);
  return make_text(setting);
}

}  // namespace cli
