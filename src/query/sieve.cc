#include "query/sieve.h"

#include <algorithm>
#include <utility>

#include "query/records.h"

namespace query {
namespace {

// Room that is kept for the next line, or record.
constexpr size_t kMostSpare = size_t{1} << 20;
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
  flow.judge.forget();
}

std::string_view Sieve::Record::text_of(size_t line) const {
  const size_t begin = lines[line].begin;
  const size_t end =
      line + 1 < lines.size() ? lines[line + 1].begin - 1 : text.size();
  return std::string_view(text).substr(begin, end - begin);
}

void Sieve::gather(Flow& flow, const FoundLine& line) {
  Record& record = flow.record;
  if (!record.lines.empty() &&
      (record.lines.size() >= kMostRecordLines ||
       record.text.size() + line.text.size() + 2 > kMostRecordBytes ||
       !continues_record(line.text, record.text_of(record.lines.size() - 1))))
    close_record(flow);
  held_ -= record.held();
  if (!record.lines.empty()) record.text += '\n';
  record.lines.push_back(
      {line.time, line.place, record.text.size(), line.ends});
  record.text += line.text;
  held_ += record.held();
  if (held_ > kMostHeld) close_largest();
}

// A record is taken as a whole or not at all.
void Sieve::close_record(Flow& flow) {
  Record& record = flow.record;
  if (record.lines.empty()) return;
  const auto head = record.text_of(0);
  const bool taken = filter_.takes_head(head) &&
                     filter_.takes_line(record.text) &&
                     (!flow.first || record.lines[0].place >= *flow.first);
  if (!taken && filter_.is_unlevelled(head)) ++unlevelled_;
  if (taken || next_.needs_others())
    for (size_t i = 0; i < record.lines.size(); ++i)
      give(*flow.origin, {.time = record.lines[i].time,
                          .text = record.text_of(i),
                          .ends = record.lines[i].ends,
                          .match = taken,
                          .begins = i == 0,
                          .place = record.lines[i].place});
  held_ -= record.held();
  record.lines.clear();
  record.text.clear();
  if (record.text.capacity() > kMostSpare) record = {};
}

// It is matched in what there is of it; what follows is another.
void Sieve::close_largest() {
  const auto largest = std::ranges::max_element(
      flows_, {}, [](const auto& entry) { return entry.second.record.held(); });
  close_record(largest->second);
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

void Sieve::settle() {
  for (auto& [path, flow] : flows_) close_record(flow);
  next_.settle();
}

void Sieve::finish() {
  for (auto& [path, flow] : flows_)
    if (flow.is_open) end_open(flow, false);
  settle();
}

}  // namespace query
