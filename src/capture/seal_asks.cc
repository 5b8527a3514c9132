#include "capture/seal_asks.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace capture {
namespace {
constexpr base::Timestamp kWhatever{INT64_MAX};
}

// Taken out before they are told: they may ask for something else.
template <class Which>
std::vector<SealAsks::Ask> SealAsks::take(Which&& which) {
  const auto rest = std::stable_partition(
      asks_.begin(), asks_.end(), [&](const Ask& ask) { return !which(ask); });
  std::vector<Ask> taken(std::make_move_iterator(rest),
                         std::make_move_iterator(asks_.end()));
  asks_.erase(rest, asks_.end());
  return taken;
}

void SealAsks::add(std::optional<base::Timestamp> begun_before, Done done,
                   base::MonoTime now) {
  asks_.push_back(
      {begun_before.value_or(kWhatever), std::move(done), now + kPatience});
}

void SealAsks::judge(uint64_t size, std::optional<base::Timestamp> begun) {
  if (size == 0) return answer(Sealed::Outcome::Empty);
  const auto young = [&](base::Timestamp before) {
    return begun && *begun >= before;
  };
  if (owed_ && young(*owed_)) owed_.reset();
  for (const auto& ask :
       take([&](const Ask& a) { return young(a.begun_before); }))
    ask.done({path_, Sealed::Outcome::TooYoung});
}

void SealAsks::expire(base::MonoTime now) {
  for (const auto& ask :
       take([&](const Ask& a) { return now >= a.deadline; })) {
    owed_ = owed_ ? std::max(*owed_, ask.begun_before) : ask.begun_before;
    ask.done({path_, Sealed::Outcome::Pending});
  }
}

void SealAsks::answer(Sealed::Outcome outcome, const std::string& segment,
                      uint64_t bytes, std::optional<base::Error> error) {
  owed_.reset();
  for (const auto& ask : take([](const Ask&) { return true; }))
    ask.done({path_, outcome, segment, bytes, error});
}

std::optional<base::MonoTime> SealAsks::deadline() const {
  if (asks_.empty()) return std::nullopt;
  return asks_.front().deadline;
}

}  // namespace capture
