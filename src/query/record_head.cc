#include "query/record_head.h"

#include "query/records.h"
#include "store/line.h"
#include "store/live_reader.h"

namespace query {
namespace {

// The whole text of a line, wherever its stamp stands.
std::string text_of(std::string_view line, LineForm form) {
  if (form == LineForm::Plain) return std::string(line);
  const auto parsed = store::parse_line(line);
  return std::string(parsed.lead).append(parsed.text);
}

// The last head before `end`; nullopt: the log begins within a record. The
// first line of the `oldest` log is a head whatever it is.
base::Result<std::optional<std::string>> last_head(store::Log& log,
                                                   uint64_t end, LineForm form,
                                                   bool oldest) {
  store::BackwardLines lines(log, end);
  std::optional<std::string> text;
  for (;;) {
    auto mark = lines.previous();
    if (!mark) return base::fail(std::move(mark.error()));
    if (!*mark) return oldest ? text : std::nullopt;
    if ((*mark)->torn) continue;
    std::string line((*mark)->end - (*mark)->start, '\0');
    for (size_t have = 0; have < line.size();) {
      auto n =
          log.read_at(std::span(line).subspan(have), (*mark)->start + have);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0) return std::nullopt;
      have += *n;
    }
    text = text_of(line, form);
    if (!continues_record(*text)) return text;
  }
}

}  // namespace

base::Result<std::optional<std::string>> find_record_head(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const std::string> before) {
  std::unique_ptr<store::Log> opened;
  store::Log* look = &log;
  for (size_t older = before.size();; --older) {
    if (end > 0) {
      auto head = last_head(*look, end, form, older == 0);
      if (!head || *head || older == 0) return head;
    }
    if (older == 0) return std::nullopt;
    auto next = store::open_log(before[older - 1]);
    if (!next) return base::fail(std::move(next.error()));
    opened = std::move(*next);
    look = opened.get();
    auto size = look->size();
    if (!size) return base::fail(std::move(size.error()));
    end = *size;
  }
}

}  // namespace query
