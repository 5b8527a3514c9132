#include "query/sieve.h"

#include <algorithm>
#include <utility>

#include "query/records.h"

namespace query {
namespace {

// Room that is kept for the next line, or record.
constexpr size_t kMostSpare = size_t{1} << 20;
constexpr size_t kMostSpares = 16;  // records
// Of records of all histories: one of the greatest, and others beside it.
constexpr size_t kMostHeld = kMostRecordBytes + (size_t{8} << 20);

}  // namespace

Sieve::Flow& Sieve::flow_of(const Origin& origin) {
  if (last_origin_ == &origin) return *last_;
  auto [at, is_new] = flows_.try_emplace(origin.path, filter_);
  at->second.origin = &origin;
  last_origin_ = &origin;
  last_ = &at->second;
  return *last_;
}

void Sieve::piece(const Origin& origin, const store::Piece& piece) {
  Flow& flow = flow_of(origin);
  if (!following_ && open_ != &flow) close_open();
  open_ = piece.ends ? nullptr : &flow;
  // The line before never ended.
  if (piece.begins && flow.is_open) end_open(flow, false);
  if (!flow.is_open && piece.ends) {
    judge(flow,
          {.time = piece.time, .text = piece.text, .place = place_of(origin)});
    return;
  }
  if (!flow.is_open) {
    flow.is_open = true;
    flow.open.time = piece.time;
    flow.open.place = place_of(origin);
    flow.open.text.clear();
  }
  flow.open.text.append(piece.text);
  if (!piece.ends) return;
  end_open(flow, true);
  // Don't keep the room of one long line for ever.
  if (flow.open.text.capacity() > kMostSpare) flow.open.text = {};
}

void Sieve::end_open(Flow& flow, bool ends) {
  flow.is_open = false;
  const OpenLine& open = flow.open;
  judge(flow, {.time = open.time,
               .text = open.text,
               .ends = ends,
               .place = open.place});
}

void Sieve::judge(Flow& flow, FoundLine line) {
  if (judged_) {
    give(*flow.origin, line);
    return;
  }
  if (whole_records_) {
    gather(flow, line);
    return;
  }
  const bool is_head = !flow.judge.continues(line.text);
  line.match = takes(flow, line);
  if (!line.match && is_head && filter_.is_unlevelled(line.text)) ++unlevelled_;
  if (line.match || next_.needs_others()) give(*flow.origin, line);
}

bool Sieve::takes(Flow& flow, const FoundLine& line) {
  if (filter_.by_record() && !flow.judge.has_head() && find_record_ &&
      (asks_previous(line.text) || continues_record(line.text, {})))
    if (const auto before = find_record_(*flow.origin))
      flow.judge.begin_after(*before);
  return flow.judge.takes(line.text) &&
         (!flow.first || line.place >= *flow.first);
}

void Sieve::forget_firsts() {
  place_of_ = {};
  for (auto& [path, flow] : flows_) flow.first.reset();
}

void Sieve::passed_over(const Origin& origin) {
  Flow& flow = flow_of(origin);
  close_record(flow);
  flow.released.reset();
  flow.judge.forget();
}

std::string_view Sieve::Record::text_of(size_t line) const {
  const size_t begin = lines[line].begin;
  const size_t end =
      line + 1 < lines.size() ? lines[line + 1].begin - 1 : text.size();
  return std::string_view(text).substr(begin, end - begin);
}

void Sieve::gather(Flow& flow, const FoundLine& line) {
  if (goes_on_released(flow, line)) return;
  if (flow.record) {
    const Record& before = **flow.record;
    if (before.lines.size() >= kMostRecordLines ||
        before.text.size() + line.text.size() + 2 > kMostRecordBytes ||
        !continues_record(line.text, before.text_of(before.lines.size() - 1)))
      close_record(flow);
  }
  if (!flow.record) flow.record = new_record(flow);
  Record& record = **flow.record;
  held_ -= record.held();
  if (!record.lines.empty()) record.text += '\n';
  record.lines.push_back(
      {line.time, line.place, record.text.size(), line.ends});
  record.text += line.text;
  record.grew = true;
  held_ += record.held();
  // The first goes on, or it would not be here.
  while (held_ > kMostHeld) release(*records_.front().flow);
}

// It shares the verdict on what of its record has come in time.
bool Sieve::goes_on_released(Flow& flow, const FoundLine& line) {
  auto& released = flow.released;
  if (!released) return false;
  released->size.add(line.text);
  if (released->size.is_over({}) ||
      !continues_record(line.text, released->previous)) {
    released.reset();
    return false;
  }
  released->previous = line.text;
  if (released->taken || next_.needs_others()) {
    FoundLine more = line;
    more.match = released->taken;
    more.begins = false;
    give(*flow.origin, more);
  }
  return true;
}

// A record is taken as a whole or not at all.
bool Sieve::close_record(Flow& flow) {
  if (!flow.record) return false;
  const auto record = *std::exchange(flow.record, std::nullopt);
  const auto head = record->text_of(0);
  const bool taken = filter_.takes_head(head) &&
                     filter_.takes_line(record->text) &&
                     (!flow.first || record->lines[0].place >= *flow.first);
  if (!taken && filter_.is_unlevelled(head)) ++unlevelled_;
  record->ended = true;
  record->taken = taken;
  // Behind one that goes on there may be any number that nobody wants.
  if (!taken && !next_.needs_others()) leave_record(record);
  give_ended();
  return taken;
}

void Sieve::give_ended() {
  while (!records_.empty() && records_.front().ended) {
    const Record& record = records_.front();
    for (size_t i = 0; i < record.lines.size(); ++i)
      give(*record.flow->origin, {.time = record.lines[i].time,
                                  .text = record.text_of(i),
                                  .ends = record.lines[i].ends,
                                  .match = record.taken,
                                  .begins = i == 0,
                                  .place = record.lines[i].place});
    leave_record(records_.begin());
  }
}

Sieve::Records::iterator Sieve::new_record(Flow& flow) {
  if (spares_.empty()) spares_.emplace_back();
  const auto record = spares_.begin();
  records_.splice(records_.end(), spares_, record);
  record->flow = &flow;
  record->ended = false;
  held_ += record->held();
  return record;
}

void Sieve::leave_record(Records::iterator record) {
  held_ -= record->held();
  record->lines.clear();
  record->text.clear();
  if (record->text.capacity() > kMostSpare || spares_.size() >= kMostSpares)
    records_.erase(record);
  else
    spares_.splice(spares_.begin(), records_, record);
}

void Sieve::give(const Origin& origin, const FoundLine& line) {
  if (line.match) ++matches_;
  next_.line(origin, line);
}

void Sieve::close_open() {
  Flow* const flow = std::exchange(open_, nullptr);
  if (flow != nullptr && flow->is_open) end_open(*flow, false);
}

bool Sieve::event(const Origin& origin, const store::Event& event) {
  if (!following_) close_open();
  next_.event(origin, event);
  return event.kind != store::EventKind::LineEnded;
}

// Where more may come a record waits for its end, or for release().
void Sieve::settle() {
  if (following_)
    next_.settle();
  else
    close_records();
}

void Sieve::close_records() {
  for (auto& [path, flow] : flows_) close_record(flow);
  next_.settle();
}

void Sieve::release() {
  for (auto& [path, flow] : flows_)
    if (flow.record && !std::exchange((*flow.record)->grew, false))
      release(flow);
  next_.settle();
}

// It is matched in what there is of it.
void Sieve::release(Flow& flow) {
  const Record& record = **flow.record;
  Released released{
      .taken = false,
      .previous = std::string(record.text_of(record.lines.size() - 1)),
      .size = {record.lines.size(), record.text.size() + 1}};
  released.taken = close_record(flow);
  flow.released = std::move(released);
}

void Sieve::finish() {
  for (auto& [path, flow] : flows_)
    if (flow.is_open) end_open(flow, false);
  close_records();
}

}  // namespace query
