#include "cli/log_output.h"

#include <utility>

#include "query/bookmark.h"
#include "query/last_matches.h"

namespace cli {
namespace {

query::Sieve::PlaceOf places_in(const query::Reading& reading) {
  return [&reading](const query::Origin& origin) {
    const auto* source = reading.find(origin);
    return source == nullptr ? query::HitPlace{} : source->line_place();
  };
}

}  // namespace

LogOutput::LogOutput(const LogRequest& request, query::Reading& reading,
                     LogPrinter printer)
    : request_(request), reading_(reading), printer_(std::move(printer)) {}
LogOutput::~LogOutput() = default;

base::Result<std::unique_ptr<LogOutput>> LogOutput::make(
    const base::Home& home, const LogsArgs& args, const LogRequest& request,
    const query::Plan& plan, query::Reading& reading, const base::Clock& clock,
    query::Output& output) {
  auto printer =
      make_log_printer({home, args, request, plan, reading, clock, output});
  if (!printer) return base::fail(std::move(printer.error()));
  std::unique_ptr<LogOutput> made(
      new LogOutput(request, reading, std::move(*printer)));
  query::Printer* last = made->printer_.printer.get();
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

LogAsk LogOutput::ask() const {
  return {.filtered = request_.filtered,
          .records = request_.query.lines.records,
          .parted = request_.context.parted,
          .last = request_.query.last.has_value(),
          .reverse = request_.query.reverse,
          .staged = limit_ || bookmark_,
          .summed = printer_.at_end || !printer_.wants_text};
}

void LogOutput::replay() {
  auto& printer = *printer_.printer;
  printer.widen(reading_.label_width());
  bool are_counted = false;  // the unlevelled, by a search
  switch (way_of(ask())) {
    case LogWay::Pass:
      found_ = reading_.replay(printer);
      return;
    case LogWay::Find:
      found_ = reading_.search(printer, *request_.filter, printer_.wants_text);
      return;
    case LogWay::Stage:
      sieve_->set_judged(true);
      reading_.search(*sieve_, *request_.filter, printer_.wants_text);
      sieve_->set_judged(false);
      break;
    case LogWay::Around:
      are_counted = replay_around();
      break;
    case LogWay::Judge:
      reading_.replay(*sieve_);
      break;
    case LogWay::LastRecords:
      replay_last_records();
      break;
  }
  if (!request_.follow) sieve_->finish();
  sieve_->forget_firsts();
  if (are_counted) sieve_->forget_unlevelled();
}

bool LogOutput::replay_around() {
  const auto& context = request_.context;
  if (request_.query.last) sieve_->set_places(places_in(reading_));
  return reading_.replay_around(
      *sieve_, *request_.filter,
      {.before = context.before,
       .after = context.after,
       .whole_flow = context.whole_flow,
       .and_the_end = request_.follow},
      [this](const query::Origin& origin, query::HitPlace first) {
        sieve_->set_first(origin, first);
      });
}

void LogOutput::replay_last_records() {
  query::LastMatches last(*request_.query.last);
  {
    query::Sieve judge(last, *printer_.printer, *request_.filter);
    judge.set_following(request_.follow);
    judge.set_places(places_in(reading_));
    reading_.replay_all(judge);
    if (request_.follow)
      judge.close_records();
    else
      judge.finish();
  }
  for (const auto& source : reading_.sources())
    if (const auto first = last.first_of(source->origin()))
      sieve_->set_first(source->origin(), *first);
  sieve_->set_places(places_in(reading_));
  reading_.replay_all(*sieve_);
}

query::Printer& LogOutput::rows() {
  if (passes_bytes()) return *printer_.printer;
  return *sieve_;
}

void LogOutput::leave_when(std::function<bool()> leaves) {
  if (bookmark_) bookmark_->leave_when(std::move(leaves));
}

void LogOutput::finish() {
  if (request_.follow) sieve_->close_records();
  if (bookmark_) bookmark_->settle();
  if (printer_.at_end) is_empty_ = !printer_.at_end();
}

uint64_t LogOutput::found() const {
  return is_empty_ ? 0 : found_ + sieve_->matches();
}

uint64_t LogOutput::unlevelled() const {
  return reading_.stats().unlevelled + sieve_->unlevelled();
}

bool LogOutput::wants_more() {
  return rows().wants_more();
}

}  // namespace cli
