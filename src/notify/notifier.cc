#include "notify/notifier.h"

#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/event_loop.h"
#include "base/fs.h"
#include "notify/hook_queue.h"
#include "notify/ledger.h"
#include "query/follow.h"
#include "query/last_lines.h"
#include "query/pattern.h"
#include "query/planner.h"
#include "query/reading.h"
#include "store/catalog.h"

namespace notify {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAtRules{500};
constexpr milliseconds kSaveEvery{5000};
constexpr milliseconds kTellDroppedEvery{10'000};
// Of what came before there was a notifier, or a rule: it may be about the very
// start that brought the rule.
constexpr int64_t kBackUs = int64_t{10} * 1'000'000;
constexpr int64_t kMostBackUs = int64_t{60} * 1'000'000;
constexpr size_t kLongestSeen = size_t{64} << 10;  // of a line
constexpr size_t kLastLines = 10;

struct Active {
  Rule rule;
  base::Timestamp from;  // older things are none of its business
  std::optional<query::Pattern> pattern;
};

class Notifier final : public query::Printer {
 public:
  explicit Notifier(const base::Home& home);
  int run();

  // query::Printer
  void piece(const query::Origin& origin, const store::Piece& piece) override;
  bool event(const query::Origin& origin, const store::Event& event) override;
  void settle() override {}
  bool wants_more() const override { return true; }

 private:
  void look_at_rules();
  void take_rules(std::vector<Rule> rules);
  void read_on();
  base::Result<query::Plan> plan() const;
  void find_matchers(const query::Origin& origin);
  void saw_line(base::Timestamp time, std::string_view text);
  void saw(const Active& active, const std::string& app,
           const Occurrence& occurrence, const store::Event* event);
  void told(const Rule& rule, const Message& message, const HookResult& result);
  void tell_dropped();
  void record(store::Event event);
  void save();

  const base::Home& home_;
  base::SystemClock clock_;
  base::EventLoop loop_;
  Ledger ledger_;
  bool unsaved_ = false;
  std::string known_files_;  // of rules, as last looked at
  std::string problem_;      // with them, told already
  std::set<std::string> problems_;
  std::vector<std::unique_ptr<Active>> rules_;
  std::map<std::string, Watch> watches_;  // by Ledger::key
  std::unique_ptr<query::Reading> reading_;
  std::unique_ptr<query::Follower> follower_;
  // Of the lines that are given at the moment.
  const query::Origin* origin_ = nullptr;
  std::vector<Active*> matchers_;
  // Lines that have begun and not ended, by their file.
  struct Partial {
    base::Timestamp time;
    std::string text;
  };
  std::map<const query::Origin*, Partial> partials_;
  HookQueue queue_;
  std::map<std::string, uint64_t> dropped_;  // by rule
  base::Timer rules_timer_;
  base::Timer save_timer_;
  base::Timer dropped_timer_;
};

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    all.emplace_back(*entry);
  return all;
}

// Changes whenever one of them is another file.
std::string identity_of(const std::string& path) {
  const auto info = base::fs::stat(path);
  if (!info) return "-";
  return fmt::format("{}.{}.{}.{}", info->st_ino, info->st_size,
                     info->st_mtim.tv_sec, info->st_mtim.tv_nsec);
}

Notifier::Notifier(const base::Home& home)
    : home_(home),
      ledger_(load_ledger(home.run("notify.json"))),
      queue_(loop_, own_environment(), Hook::kLimit,
             [this](const Rule& rule, const Message& message,
                    const HookResult& result) { told(rule, message, result); }),
      rules_timer_(loop_, [this] { look_at_rules(); }),
      save_timer_(loop_, [this] { save(); }),
      dropped_timer_(loop_, [this] { tell_dropped(); }) {
  const auto now = clock_.now();
  if (ledger_.seen.us == 0 || ledger_.seen > now)
    ledger_.seen.us = now.us - kBackUs;
  ledger_.seen.us = std::max(ledger_.seen.us, now.us - kMostBackUs);
}

int Notifier::run() {
  base::FdWatch daemon(loop_, STDIN_FILENO, [this](int) {
    char byte;
    auto n = base::fs::read(STDIN_FILENO, {&byte, 1}, "daemon");
    if (!n || *n == 0) loop_.stop();
  });
  daemon.want(base::FdWatch::Readable);
  look_at_rules();
  rules_timer_.start(kLookAtRules, kLookAtRules);
  save_timer_.start(kSaveEvery, kSaveEvery);
  loop_.run();
  save();
  return 0;
}

void Notifier::look_at_rules() {
  const auto files = identity_of(home_.app_list()) + "/" +
                     identity_of(home_.path("settings.json"));
  if (files == known_files_) return;
  known_files_ = files;
  auto rules = load_rules(home_);
  if (rules) {
    problem_.clear();
    return take_rules(std::move(*rules));
  }
  if (rules.error().message == problem_) return;
  problem_ = rules.error().message;
  store::Event event;
  event.kind = store::EventKind::Error;
  event.reason = "notify: " + problem_;
  record(std::move(event));
}

void Notifier::take_rules(std::vector<Rule> rules) {
  const bool first = follower_ == nullptr;
  const base::Timestamp from{first ? ledger_.seen.us
                                   : clock_.now().us - kBackUs};
  std::vector<std::unique_ptr<Active>> all;
  bool changed = first || rules.size() != rules_.size();
  for (auto& rule : rules) {
    const auto known = std::ranges::find_if(rules_, [&](const auto& active) {
      return active != nullptr && active->rule == rule;
    });
    if (known != rules_.end()) {
      all.push_back(std::move(*known));
      continue;
    }
    changed = true;
    std::erase_if(watches_, [&](const auto& watch) {
      return watch.first.starts_with(rule.name + "\n");
    });
    auto active =
        std::make_unique<Active>(Active{std::move(rule), from, std::nullopt});
    if (!active->rule.what.match.empty()) {
      auto pattern =
          query::Pattern::compile({.any = {active->rule.what.match}});
      if (!pattern) continue;  // it was checked when it was given
      active->pattern = std::move(*pattern);
    }
    all.push_back(std::move(active));
  }
  rules_ = std::move(all);
  origin_ = nullptr;
  if (changed) read_on();
}

// Events of all whom a rule covers, lines of those with a pattern.
base::Result<query::Plan> Notifier::plan() const {
  auto catalog = store::load_catalog(home_.logs());
  if (!catalog) return base::fail(std::move(catalog.error()));
  auto plan = query::make_plan(*catalog, home_.logs(), {});
  if (!plan) return plan;
  std::erase_if(plan->origins, [&](const query::Origin& origin) {
    if (origin.deleted) return true;
    return std::ranges::none_of(rules_, [&](const auto& active) {
      return active->rule.covers(origin.app) &&
             active->pattern.has_value() ==
                 (origin.kind != query::Kind::Events);
    });
  });
  return plan;
}

// From behind what was seen.
void Notifier::read_on() {
  follower_.reset();
  reading_.reset();
  partials_.clear();
  query::Query query;
  query.since = base::Timestamp{ledger_.seen.us + 1};
  query.threads = 1;
  auto begin = plan();
  // No catalog is no app yet: the plan is made again when there is one.
  reading_ = std::make_unique<query::Reading>(
      query, begin ? *begin : query::Plan{}, true);
  reading_->replay(*this);
  query::FollowOptions options;
  options.dir = home_.logs();
  options.replan = [this] { return plan(); };
  options.on_problem = [this](const base::Error& error) {
    store::Event event;
    event.kind = store::EventKind::Error;
    event.reason = "notify: " + error.message;
    if (problems_.size() < 100 && problems_.insert(error.message).second)
      record(std::move(event));
  };
  follower_ = std::make_unique<query::Follower>(loop_, *reading_, *this,
                                                std::move(options));
  follower_->start();
}

void Notifier::find_matchers(const query::Origin& origin) {
  origin_ = &origin;
  matchers_.clear();
  for (const auto& active : rules_)
    if (active->pattern && active->rule.covers(origin.app))
      matchers_.push_back(active.get());
}

void Notifier::piece(const query::Origin& origin, const store::Piece& piece) {
  if (&origin != origin_) find_matchers(origin);
  const auto time = piece.time.value_or(ledger_.seen);
  if (piece.begins && piece.ends) return saw_line(time, piece.text);
  if (piece.begins) partials_[&origin] = {time, {}};
  const auto partial = partials_.find(&origin);
  if (partial == partials_.end()) return;
  auto& text = partial->second.text;
  text.append(piece.text.substr(0, kLongestSeen - text.size()));
  if (!piece.ends) return;
  saw_line(partial->second.time, text);
  partials_.erase(partial);
}

void Notifier::saw_line(base::Timestamp time, std::string_view text) {
  if (time > ledger_.seen) {
    ledger_.seen = time;
    unsaved_ = true;
  }
  for (auto* active : matchers_) {
    if (time < active->from || !active->pattern->matches(text)) continue;
    saw(*active, origin_->app,
        {time, origin_->instance,
         origin_->kind == query::Kind::Error ? store::Stream::Error
                                             : store::Stream::Out,
         text},
        nullptr);
  }
}

bool Notifier::event(const query::Origin&, const store::Event& event) {
  if (event.time > ledger_.seen) {
    ledger_.seen = event.time;
    unsaved_ = true;
  }
  const auto occasions = occasions_of(event);
  if (occasions.empty()) return false;
  const auto words = store::describe_event(event);
  for (const auto& active : rules_) {
    const bool meant = event.time >= active->from &&
                       active->rule.covers(event.app) &&
                       std::ranges::count(occasions, active->rule.what.on) > 0;
    if (meant)
      saw(*active, event.app, {event.time, event.instance, {}, words}, &event);
  }
  return false;
}

void Notifier::saw(const Active& active, const std::string& app,
                   const Occurrence& occurrence, const store::Event* event) {
  const auto key = Ledger::key(active.rule.name, app);
  auto [watch, made] = watches_.try_emplace(key, active.rule.what);
  if (const auto fired = ledger_.fired.find(key);
      made && fired != ledger_.fired.end())
    watch->second.fired_at(fired->second);
  const auto now = clock_.now();
  auto firing = watch->second.saw(occurrence, now);
  if (!firing) return;
  ledger_.fired[key] = now;
  unsaved_ = true;
  save();  // who comes after a kill must not fire again
  Message message;
  message.app = app;
  message.firing = std::move(*firing);
  if (event != nullptr) message.event = *event;
  auto lines = query::last_lines(
      home_.logs(), app, std::max(message.firing.instance, 0),
      base::Timestamp{message.firing.time.us - int64_t{3600} * 1'000'000},
      kLastLines);
  if (lines) message.last_lines = std::move(*lines);
  if (queue_.add(active.rule, std::move(message))) return;
  if (dropped_.empty()) dropped_timer_.start(milliseconds{0});
  ++dropped_[active.rule.name];
}

void Notifier::told(const Rule& rule, const Message& message,
                    const HookResult& result) {
  store::Event event;
  event.kind = store::EventKind::Notify;
  event.app = message.app;
  event.instance = message.firing.instance;
  event.rule = rule.name;
  event.lines = message.firing.count;
  if (result.code >= 0) event.code = result.code;
  event.uptime_ms = result.took.count();
  event.reason =
      result.ok ? reason_of(rule, message) : "failed: " + result.words;
  record(std::move(event));
}

void Notifier::tell_dropped() {
  for (const auto& [rule, count] : std::exchange(dropped_, {})) {
    store::Event event;
    event.kind = store::EventKind::Notify;
    if (const auto colon = rule.find(':'); colon != rule.npos)
      event.app = rule.substr(0, colon);
    event.rule = rule;
    event.reason =
        fmt::format("failed: dropped {} times: {} hooks wait already", count,
                    HookQueue::kMostWaiting);
    record(std::move(event));
    dropped_timer_.start(kTellDroppedEvery);
  }
}

void Notifier::record(store::Event event) {
  event.time = clock_.now();
  (void)store::append_event(home_.logs(), event);
}

void Notifier::save() {
  if (!unsaved_) return;
  // What no rule of now has fired is of no use to anybody.
  std::erase_if(ledger_.fired, [&](const auto& entry) {
    const auto rule = entry.first.substr(0, entry.first.find('\n'));
    return std::ranges::none_of(
        rules_, [&](const auto& active) { return active->rule.name == rule; });
  });
  unsaved_ = !save_ledger(home_.run("notify.json"), ledger_).has_value();
}

// One that was killed may still be on its way out.
bool lock_alone(const base::Home& home, base::UniqueFd& lock) {
  for (;;) {
    auto got = base::fs::try_lock(home.run("notifier.lock"));
    if (got) {
      lock = std::move(*got);
      return true;
    }
    if (got.error().code != base::Errc::WouldBlock) return false;
    pollfd daemon{STDIN_FILENO, POLLIN, 0};
    if (::poll(&daemon, 1, 20) == 1) return false;  // ours is gone, too
  }
}

}  // namespace

int run_notifier(const base::Home& home) {
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  ::mallopt(M_ARENA_MAX, 1);
  // Apps and capture first.
  (void)!::nice(5);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  base::UniqueFd lock;
  if (!lock_alone(home, lock)) return 1;
  return Notifier(home).run();
}

}  // namespace notify
