#include "daemon/foreground_logs.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "daemon/file_claims.h"
#include "daemon/log_files.h"
#include "daemon/open_logs.h"
#include "daemon/power_loss.h"

namespace daemon_ {
namespace {

constexpr std::chrono::seconds kFinishLimit{2};

uint64_t source_id(uint64_t slot, store::Stream stream) {
  return slot * 2 + (stream == store::Stream::Error ? 1 : 0);
}

}  // namespace

base::Result<ForegroundLogs::Ground> ForegroundLogs::prepare(
    base::Home home, const std::vector<config::AppSpec>& specs) {
  if (auto made = home.make(); !made) return base::pass(std::move(made), "run");
  auto lock = base::fs::try_lock(home.run("daemon.lock"));
  if (!lock && lock.error().code == base::Errc::WouldBlock)
    return base::fail(base::Errc::Invalid,
                      "--files: a daemon keeps the logs of " + home.root(),
                      "--home DIR for files of their own, or lodge start");
  if (!lock) return base::fail(std::move(lock.error()));
  if (auto opened = base::log::open(home.diary()); !opened)
    return base::fail(std::move(opened.error()));
  ::signal(SIGXFSZ, SIG_IGN);  // too large a file is an error like others
  auto catalog = open_logs(home);
  if (!catalog) return base::fail(std::move(catalog.error()));
  look_for_power_loss(home, current_boot(), {}, *catalog, base::SystemClock());
  FileClaims claims({}, *catalog, home);
  for (const auto& spec : specs) {
    if (auto good = check_schedule(spec); !good)
      return base::fail(std::move(good.error()));
    if (auto free = claims.add(app_files(spec, {})); !free)
      return base::fail(std::move(free.error()));
  }
  // Whose they were is not running.
  for (auto& app : catalog->apps)
    for (auto& instance : app.instances) instance.id = -1;
  return Ground{std::move(home), std::move(*lock), std::move(*catalog)};
}

ForegroundLogs::ForegroundLogs(base::EventLoop& loop, const base::Clock& clock,
                               Ground ground,
                               supervisor::Supervisor& supervisor)
    : loop_(loop),
      ground_(std::move(ground)),
      supervisor_(supervisor),
      recorder_(loop, ground_.home, {}),
      chronicle_(recorder_, clock, tally_, nullptr, ground_.home.logs(),
                 ground_.catalog),
      news_(loop, clock, ground_.home.logs(), chronicle_, tally_, gate_,
            {[this](uint64_t source) { std::erase(sources_, source); },
             [this](const std::string& app, const std::string& file,
                    uint64_t bytes) { housekeeper_.sealed(app, file, bytes); },
             [this] { housekeeper_.disk_full(); }}),
      capture_({.clock = clock}, news_),
      housekeeper_({loop, clock, ground_.home, supervisor_, capture_,
                    chronicle_, gate_, tally_, rates_}) {}

ForegroundLogs::~ForegroundLogs() {
  if (capture_.stop()) ended_in_order(ground_.home);
}

void ForegroundLogs::end_waiting() {
  gate_.set_limit(UINT64_MAX);  // nobody makes room any more
}

void ForegroundLogs::apps_known() {
  chronicle_.enter(supervisor_);
  if (std::exchange(begun_, true))
    housekeeper_.apps_changed();
  else
    housekeeper_.begin();
}

base::Result<base::UniqueFd> ForegroundLogs::open(const supervisor::Life& life,
                                                  const config::AppSpec& spec,
                                                  store::Stream stream) {
  auto sink = sink_spec(spec, life.id, life.number, stream, ground_.home.logs(),
                        housekeeper_.seal_size());
  if (sink.path.empty()) return base::UniqueFd();
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::fail(std::move(pipe.error()));
  const uint64_t id = source_id(life.slot, stream);
  sources_.push_back(id);
  capture_.add({id, life.app, life.id, life.number, life.generation, stream},
               std::move(pipe->read), std::move(sink));
  return std::move(pipe->write);
}

void ForegroundLogs::drain(uint64_t slot, const std::function<void()>& done) {
  const auto left = std::make_shared<std::atomic<int>>(2);
  for (const auto stream : {store::Stream::Out, store::Stream::Error})
    capture_.drain(source_id(slot, stream), [this, left, done] {
      if (--*left == 0) loop_.post(done);
    });
}

void ForegroundLogs::finish() {
  struct Left {
    std::mutex mutex;
    std::condition_variable changed;
    size_t count = 0;
  };
  // Shared: an answer may come after the limit.
  const auto left = std::make_shared<Left>();
  left->count = sources_.size();
  for (const uint64_t source : sources_)
    capture_.drain(source, [left] {
      const std::lock_guard lock(left->mutex);
      --left->count;
      left->changed.notify_one();
    });
  std::unique_lock lock(left->mutex);
  left->changed.wait_for(lock, kFinishLimit, [&] { return left->count == 0; });
  chronicle_.retire();
}

}  // namespace daemon_
