#include "query/sieve.h"

#include <algorithm>
#include <utility>

#include "query/records.h"

namespace query {

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
  if (piece.begins && flow.is_open) {
    // The line before never ended.
    flow.is_open = false;
    judge(flow, flow.open.time, flow.open.text, false);
  }
  if (!flow.is_open && piece.ends) {
    judge(flow, piece.time, piece.text, true);
    return;
  }
  if (!flow.is_open) {
    flow.is_open = true;
    flow.open.time = piece.time;
    flow.open.text.clear();
  }
  flow.open.text.append(piece.text);
  if (!piece.ends) return;
  flow.is_open = false;
  judge(flow, flow.open.time, flow.open.text, true);
  // Don't keep the room of one long line for ever.
  if (flow.open.text.capacity() > (size_t{1} << 20)) flow.open.text = {};
}

void Sieve::judge(Flow& flow, std::optional<base::Timestamp> time,
                  std::string_view text, bool ends) {
  if (judged_) {
    give(*flow.origin, time, text, ends, true);
    return;
  }
  if (filter_.query().records) {
    gather(flow, time, text, ends);
    return;
  }
  const bool is_head = !flow.judge.continues(text);
  const bool taken = takes(flow, time, text);
  if (!taken && is_head && filter_.is_unlevelled(text)) ++unlevelled_;
  if (taken || next_.needs_others())
    give(*flow.origin, time, text, ends, taken);
}

bool Sieve::takes(Flow& flow, std::optional<base::Timestamp> time,
                  std::string_view text) {
  if (filter_.by_record() && !flow.judge.has_head() && find_record_ &&
      (asks_previous(text) || continues_record(text, {})))
    if (const auto before = find_record_(*flow.origin))
      flow.judge.begin_after(*before);
  if (!flow.judge.takes(text)) return false;
  const auto first = firsts_.find(flow.origin->app);
  return first == firsts_.end() || time >= first->second;
}

void Sieve::passed_over(const Origin& origin) {
  Flow& flow = flow_of(origin);
  close_record(flow);
  flow.judge.forget();
}

void Sieve::gather(Flow& flow, std::optional<base::Timestamp> time,
                   std::string_view text, bool ends) {
  if (!flow.record.empty() && !continues_record(text, flow.record.back().text))
    close_record(flow);
  flow.record.push_back({time, std::string(text), ends});
}

// A record is taken as a whole or not at all.
void Sieve::close_record(Flow& flow) {
  std::string whole;
  for (const auto& line : flow.record) {
    if (!whole.empty()) whole += '\n';
    whole += line.text;
  }
  const bool taken = !flow.record.empty() &&
                     filter_.takes_head(flow.record.front().text) &&
                     filter_.takes_line(whole);
  if (taken || next_.needs_others())
    for (const auto& line : flow.record)
      give(*flow.origin, line.time, line.text, line.ends, taken);
  flow.record.clear();
}

void Sieve::give(const Origin& origin, std::optional<base::Timestamp> time,
                 std::string_view text, bool ends, bool match) {
  if (match) ++matches_;
  next_.line(origin,
             {.time = time, .text = text, .ends = ends, .match = match});
}

void Sieve::close_open() {
  Flow* const flow = std::exchange(open_, nullptr);
  if (flow == nullptr || !flow->is_open) return;
  flow->is_open = false;
  judge(*flow, flow->open.time, flow->open.text, false);
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
  for (auto& [path, flow] : flows_) {
    if (!flow.is_open) continue;
    flow.is_open = false;
    judge(flow, flow.open.time, flow.open.text, false);
  }
  settle();
}

}  // namespace query
