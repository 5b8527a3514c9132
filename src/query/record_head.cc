#include "query/record_head.h"

#include <memory>
#include <utility>

#include "query/history.h"
#include "store/line.h"
#include "store/live_reader.h"

namespace query {
namespace {

using Text = base::Result<std::optional<std::string>>;

// Other threads may be asking the log.
constexpr auto kReads = store::BackwardLines::Reads::PlacesOnly;

// The lines of a history before a place, the last first.
class LinesBefore {
 public:
  LinesBefore(store::Log& log, uint64_t end, LineForm form,
              std::span<const store::Segment> before)
      : log_(&log), lines_(log, end, kReads), form_(form), older_(before) {}

  Text previous() {
    for (;;) {
      auto mark = lines_.previous();
      if (!mark) return base::fail(std::move(mark.error()));
      if (*mark) {
        start_ = (*mark)->start;
        auto line = read(**mark);
        if (!line) return base::fail(std::move(line.error()));
        if (!(*mark)->ended && is_torn(*line)) continue;
        return text_of(*line, form_);
      }
      if (older_.empty()) return std::nullopt;
      in_first_ = false;
      if (auto opened = open_older(); !opened)
        return base::fail(std::move(opened.error()));
    }
  }

  // Whether the line that was given last begins there in the first log.
  bool is_at(std::optional<uint64_t> place) const {
    return in_first_ && place && start_ == *place;
  }

 private:
  // The file ends within a stamp: no line yet.
  bool is_torn(std::string_view line) const {
    return form_ == LineForm::Stamped &&
           store::is_torn_prefix(line.substr(0, store::kHeadSize));
  }
  base::Status open_older() {
    // (It may be an archive by now, or gone.)
    auto next = open_segment(older_.back(), {}, {});
    if (!next) return base::fail(std::move(next.error()));
    older_ = older_.first(older_.size() - 1);
    if (!next->log) return {};
    opened_ = std::move(next->log);
    log_ = opened_.get();
    lines_ = store::BackwardLines(*log_, next->size, kReads);
    return {};
  }
  base::Result<std::string> read(const store::BackwardLines::Mark& mark) {
    std::string line(mark.end - mark.start, '\0');
    for (size_t have = 0; have < line.size();) {
      auto n = log_->read_at(std::span(line).subspan(have), mark.start + have);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0)
        return base::fail(base::Errc::Invalid,
                          log_->name() + ": cut while being read");
      have += *n;
    }
    return line;
  }

  bool in_first_ = true;
  uint64_t start_ = 0;
  std::unique_ptr<store::Log> opened_;
  store::Log* log_;
  store::BackwardLines lines_;
  LineForm form_;
  std::span<const store::Segment> older_;  // still to be walked
};

}  // namespace

std::string text_of(std::string_view line, LineForm form) {
  if (form == LineForm::Plain) return std::string(line);
  const auto parsed = store::parse_line(line);
  return std::string(parsed.lead).append(parsed.text);
}

base::Result<std::optional<RecordBefore>> find_record_before(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const store::Segment> before, const RecordCap& cap,
    std::optional<uint64_t> known) {
  LinesBefore lines(log, end, form, before);
  auto last = lines.previous();
  if (!last) return base::fail(std::move(last.error()));
  if (!*last) return std::nullopt;
  RecordBefore found{.head = **last, .previous = std::move(**last)};
  for (;;) {
    found.size.add(found.head);
    if (found.size.is_over(cap)) return found;
    const bool asks = asks_previous(found.head);
    if (!asks && !continues_record(found.head, {})) return found;
    const bool at_known = lines.is_at(known);
    if (at_known && !asks) break;
    auto older = lines.previous();
    if (!older || !*older || (asks && !continues_record(found.head, **older)))
      return found;
    if (at_known) break;
    found.head = std::move(**older);
  }
  found.ends_at_known = true;
  return found;
}

base::Result<std::optional<std::string>> find_line_before(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const store::Segment> before) {
  return LinesBefore(log, end, form, before).previous();
}

}  // namespace query
