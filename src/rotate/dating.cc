#include "rotate/dating.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "base/fs.h"

namespace rotate {
namespace {

using base::Timestamp;

// 2020-01-01: no log of ours is older.
constexpr Timestamp kEarliest{1'577'836'800'000'000};

// Files of one owner in one directory: there numbers tell the order.
void date_run(std::span<Dated> run, Timestamp now) {
  const bool newest_is_to_come = !run.empty() && run.back().ended > now;
  // What can't be believed ended before the next one did.
  std::optional<Timestamp> next;
  for (size_t i = run.size(); i-- > 0;) {
    Dated& one = run[i];
    one.has_age = one.ended >= kEarliest && one.ended <= now;
    if (!one.has_age && next) {
      one.ended = *next;
      one.has_age = true;
    }
    if (one.has_age) next = one.ended;
  }
  std::optional<Timestamp> before;
  for (Dated& one : run) {
    if (before) one.ended = std::max(one.ended, *before);
    before = one.ended;
    // The clock is not what it was: it may be wrong now.
    if (newest_is_to_come) one.has_age = false;
  }
}

}  // namespace

std::vector<Dated> date_stock(std::vector<Stored> stock, Timestamp now) {
  std::vector<std::pair<std::string, Dated>> found;  // with their directories
  found.reserve(stock.size());
  for (Stored& file : stock) {
    Dated one;
    one.ended = std::max(file.first, file.last.value_or(file.first));
    one.file = std::move(file);
    found.emplace_back(base::fs::dir_name(one.file.path), std::move(one));
  }
  const auto run_of = [](const auto& entry) {
    const Stored& file = entry.second.file;
    return std::tie(file.app, file.kind, file.instance, entry.first);
  };
  std::ranges::sort(found, [&](const auto& a, const auto& b) {
    return std::tuple_cat(run_of(a), std::tie(a.second.file.sequence)) <
           std::tuple_cat(run_of(b), std::tie(b.second.file.sequence));
  });
  std::vector<Dated> dated;
  dated.reserve(found.size());
  for (size_t begin = 0; begin < found.size();) {
    size_t end = begin + 1;
    while (end < found.size() && run_of(found[end]) == run_of(found[begin]))
      ++end;
    const size_t at = dated.size();
    for (size_t i = begin; i < end; ++i)
      dated.push_back(std::move(found[i].second));
    date_run(std::span(dated).subspan(at), now);
    begin = end;
  }
  std::ranges::stable_sort(dated, [](const Dated& a, const Dated& b) {
    return std::tie(a.file.app, a.file.kind, a.file.instance, a.ended,
                    a.file.sequence) < std::tie(b.file.app, b.file.kind,
                                                b.file.instance, b.ended,
                                                b.file.sequence);
  });
  return dated;
}

std::optional<Timestamp> gone_since(const Dated& dated, Timestamp now) {
  if (!dated.file.gone) return std::nullopt;
  const auto& deleted = dated.file.deleted;
  if (deleted && *deleted >= kEarliest && *deleted <= now) return deleted;
  return dated.has_age ? std::optional(dated.ended) : std::nullopt;
}

}  // namespace rotate
