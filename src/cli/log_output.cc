#include "cli/log_output.h"

#include <unistd.h>

#include <cstdlib>

#include "cli/log_sums.h"
#include "query/bookmark.h"
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
  if (!format) return base::pass(std::move(format), "--timestamp");
  return std::optional(std::move(*format));
}

// What is coloured in rows: what was searched for, or --highlight.
Result<query::Marks> make_marks(const LogsArgs& args) {
  query::TextQuery wanted = args.text;
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

Result<std::unique_ptr<query::Printer>> make_text(const LogsArgs& args,
                                                  const LogRequest& request,
                                                  const base::Clock& clock,
                                                  query::Output& output) {
  query::TextStyle style;
  style.zone = request.zone;
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
  return std::make_unique<query::TextPrinter>(output, clock, std::move(style));
}

Result<std::unique_ptr<query::Printer>> make_template(const LogsArgs& args,
                                                      const LogRequest& request,
                                                      query::Output& output) {
  auto form = query::Template::parse(args.format ? query::kPm2Template
                                                 : args.line_template);
  if (!form) return base::pass(std::move(form), "--template");
  query::TemplateStyle style;
  style.zone = request.zone;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  style.colour = style.terminal && wants_colours(args);
  auto time = time_format(args);
  if (!time) return base::fail(std::move(time.error()));
  style.time = std::move(*time);
  if (args.format && !style.time)
    style.time = *query::TimeFormat::parse(query::kFormatTimestamp);
  return std::make_unique<query::TemplatePrinter>(output, std::move(*form),
                                                  std::move(style));
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

}  // namespace

bool wants_colours(const LogsArgs& args) {
  const char* no_color = std::getenv("NO_COLOR");
  return args.color && (no_color == nullptr || *no_color == '\0');
}

LogOutput::LogOutput(const LogsArgs& args, const LogRequest& request,
                     query::Reading& reading)
    : args_(args), request_(request), reading_(reading) {}
LogOutput::~LogOutput() = default;

Result<std::unique_ptr<LogOutput>> LogOutput::make(
    const base::Home& home, const LogsArgs& args, const LogRequest& request,
    const query::Plan& plan, query::Reading& reading, const base::Clock& clock,
    query::Output& output) {
  std::unique_ptr<LogOutput> made(new LogOutput(args, request, reading));
  if (auto printer = made->make_printer(home, plan, clock, output); !printer)
    return base::fail(std::move(printer.error()));
  query::Printer* last = made->printer_.get();
  if (!args.cursor_file.empty()) {
    made->bookmark_ =
        std::make_unique<query::Bookmark>(*last, reading, args.cursor_file);
    last = made->bookmark_.get();
  }
  made->context_ = std::make_unique<query::Context>(*last, request.context);
  query::LineSink* first = made->context_.get();
  if (request.most) {
    made->limit_ = std::make_unique<query::Limit>(*first, *request.most);
    first = made->limit_.get();
  }
  made->sieve_ = std::make_unique<query::Sieve>(*first, *last, *request.filter);
  made->sieve_->set_following(request.follow);
  made->sieve_->set_record_finder([&reading](const query::Origin& origin)
                                      -> std::optional<query::RecordBefore> {
    const auto* source = reading.find(origin);
    return source == nullptr ? std::nullopt : source->record_before();
  });
  return made;
}

base::Status LogOutput::make_printer(const base::Home& home,
                                     const query::Plan& plan,
                                     const base::Clock& clock,
                                     query::Output& output) {
  auto& problems = reading_.problems();
  const auto take = [&](auto made) -> base::Status {
    if (!made) return base::fail(std::move(made.error()));
    printer_ = std::move(*made);
    return {};
  };
  if (args_.quiet) {
    printer_ = std::make_unique<query::QuietPrinter>();
    wants_text_ = false;
    return {};
  }
  if (args_.names || args_.paths) {
    const auto form =
        args_.json ? query::ListForm::Json : query::ListForm::Text;
    if (args_.paths)
      printer_ = std::make_unique<query::ListPrinter>(
          output, files_of(reading_), form,
          [this](const query::Origin& origin) -> const std::string& {
            const auto* source = reading_.find(origin);
            return source == nullptr ? origin.path : source->path();
          });
    else
      printer_ =
          std::make_unique<query::ListPrinter>(output, streams_of(plan), form);
    wants_text_ = false;
    return {};
  }
  if (args_.count) {
    auto counts = std::make_unique<query::CountPrinter>(
        output, plan.origins,
        args_.json ? query::CountForm::Json : query::CountForm::Text);
    at_end_ = [&counts = *counts] { counts.finish(); };
    printer_ = std::move(counts);
    wants_text_ = false;
    return {};
  }
  if (asks_for_sums(args_)) {
    auto sums = make_sums(home, args_, request_, output, problems);
    if (!sums) return base::fail(std::move(sums.error()));
    at_end_ = [&sums = **sums] { sums.finish(); };
    printer_ = std::move(*sums);
    return {};
  }
  if (args_.raw && !args_.only_matching) {
    const bool picks = request_.filtered || request_.most ||
                       request_.context.parted || request_.query.reverse;
    if (picks)
      printer_ = std::make_unique<query::RawLinePrinter>(output);
    else
      printer_ = std::make_unique<query::RawPrinter>(
          output, query::find_line_endings(plan.origins, problems));
    return {};
  }
  if (args_.json) {
    query::JsonMembers members;
    members.host = host_name();
    if (!request_.query.lines.records)
      members.cursor = [this](const query::Origin& origin,
                              std::optional<base::Timestamp> time) {
        const auto* source = reading_.find(origin);
        return source == nullptr || !time
                   ? std::string()
                   : query::format_cursor(source->cursor());
      };
    printer_ = std::make_unique<query::JsonPrinter>(
        output, query::find_lives(plan.origins, problems),
        request_.shows_events, std::move(members));
    return {};
  }
  if (args_.format || !args_.line_template.empty())
    return take(make_template(args_, request_, output));
  return take(make_text(args_, request_, clock, output));
}

// No stage has anything to do: pieces go to the printer as they come, so that
// a line of any length takes no memory.
bool LogOutput::is_plain() const {
  return !request_.filtered && !limit_ && !request_.context.parted &&
         !bookmark_;
}

void LogOutput::replay() {
  printer_->widen(reading_.label_width());
  // What is counted or summed up can be read by several threads.
  const bool summed = at_end_ || !wants_text_;
  if (is_plain() && !request_.query.reverse && !summed) {
    found_ = reading_.replay(*printer_);
    return;
  }
  const auto& context = request_.context;
  if (request_.filtered && context.parted && !request_.query.lines.records) {
    const query::Around around{.before = context.before,
                               .after = context.after,
                               .whole_flow = context.whole_flow,
                               .and_the_end = request_.follow};
    reading_.replay_around(
        *sieve_, *request_.filter, around,
        [&](const std::string& app, std::optional<base::Timestamp> first) {
          sieve_->set_first(app, first);
        });
  } else if (((request_.filtered || summed) && !request_.query.lines.records &&
              !context.parted) ||
             request_.query.reverse) {
    // What was found is what is printed, unless a stage has its say.
    if (!limit_ && !bookmark_ && !context.parted) {
      found_ += reading_.search(*printer_, *request_.filter, wants_text_);
      return;
    }
    sieve_->set_judged(true);
    reading_.search(*sieve_, *request_.filter, wants_text_);
    sieve_->set_judged(false);
  } else {
    reading_.replay(*sieve_);
  }
  if (!request_.follow) sieve_->finish();
}

query::Printer& LogOutput::rows() {
  if (is_plain()) return *printer_;
  return *sieve_;
}

void LogOutput::finish() {
  if (at_end_) at_end_();
}

uint64_t LogOutput::found() const {
  return found_ + sieve_->matches();
}

uint64_t LogOutput::unlevelled() const {
  return reading_.stats().unlevelled + sieve_->unlevelled();
}

bool LogOutput::wants_more() {
  return rows().wants_more();
}

}  // namespace cli
