#pragma once
// What an app's own settings have done to it unasked: restarts by the calendar,
// at changes of its files, at too much memory; and its pid file. Stands between
// supervisor and chronicle, so that it sees what they see. Lives on the control
// loop.

#include <map>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "daemon/chronicle.h"
#include "daemon/pid_files.h"
#include "supervisor/cron_restarts.h"
#include "supervisor/file_watcher.h"
#include "supervisor/memory_guard.h"

namespace daemon_ {

class Upkeep final : public supervisor::Observer {
 public:
  Upkeep(base::EventLoop& loop, const base::Clock& clock,
         supervisor::Supervisor& supervisor, Chronicle& chronicle,
         std::string home);

  // supervisor::Observer
  void on_happening(const supervisor::Happening& happening) override;
  void on_list_changed() override;

 private:
  void refresh_soon();
  void refresh();
  void watch_files();
  supervisor::WatchOrder order_of(const supervisor::App& app) const;
  void file_changed(const std::string& app, const std::string& path);
  void failed(const std::string& app, const std::string& why);

  base::EventLoop& loop_;
  supervisor::Supervisor& supervisor_;
  Chronicle& chronicle_;
  const std::string home_;
  bool refreshing_ = false;
  std::map<std::string, supervisor::WatchOrder> watched_;  // by app
  PidFiles pid_files_;
  supervisor::CronRestarts cron_;
  supervisor::MemoryGuard memory_;
  supervisor::FileWatcher files_;
};

}  // namespace daemon_
