#include "notify/watch.h"

namespace notify {

bool Watch::is_quiet(base::Timestamp now) const {
  if (!fired_) return false;
  const int64_t since = now.us - fired_->us;
  // A clock that was set back must not silence it for longer than that.
  return since >= 0 ? since < rule_.quiet.count() * 1000
                    : -since < rule_.quiet.count() * 1000;
}

std::optional<Firing> Watch::saw(const Occurrence& what, base::Timestamp now) {
  if (is_quiet(now)) {
    ++suppressed_;
    return std::nullopt;
  }
  const auto wanted = static_cast<size_t>(rule_.over.count);
  times_.push_back(what.time);
  if (times_.size() > wanted) times_.pop_front();
  lines_.push_back(
      {what.time, what.stream, std::string(what.text.substr(0, kLongestLine))});
  if (lines_.size() > kMostLines) lines_.pop_front();
  const int64_t took = what.time.us - times_.front().us;
  if (times_.size() < wanted || took > rule_.over.window.count() * 1000)
    return std::nullopt;
  Firing firing;
  firing.time = what.time;
  firing.instance = what.instance;
  firing.count = rule_.over.count;
  firing.suppressed = suppressed_;
  firing.lines.assign(lines_.begin(), lines_.end());
  times_.clear();
  lines_.clear();
  suppressed_ = 0;
  fired_ = now;
  return firing;
}

std::vector<std::string_view> occasions_of(const store::Event& event) {
  using store::EventKind;
  switch (event.kind) {
    case EventKind::Errored:
      return {"errored"};
    case EventKind::DiskFull:
      return {"disk_full"};
    case EventKind::Drop:
      return {"dropped"};
    case EventKind::Exit: {
      if (event.ended_by == "asked" || event.ended_by == "kill_timeout")
        return {};
      std::vector<std::string_view> all = {"exited", "restart_loop"};
      if (event.oom == "certain" || event.oom == "likely")
        all.emplace_back("oom");
      return all;
    }
    default: {
      // Kinds that are called what the rule is on.
      const auto name = store::event_name(event.kind);
      if (name == "unhealthy" || name == "ship_behind" || name == "oom")
        return {name};
      return {};
    }
  }
}

}  // namespace notify
