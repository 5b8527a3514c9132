#include "daemon/listing.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "daemon/limits.h"
#include "daemon/log_files.h"
#include "store/names.h"
#include "supervisor/processes.h"

namespace daemon_ {
namespace {

std::string own_user() {
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

}  // namespace

Listing::Listing(std::string log_dir, const CaptureTally& tally,
                 const WriteRates& rates, const Sampler& sampler, Users& users,
                 std::function<bool(uint64_t slot)> output_open,
                 std::function<uint64_t()> max_size, Controllers controllers)
    : log_dir_(std::move(log_dir)),
      tally_(tally),
      rates_(rates),
      sampler_(sampler),
      users_(users),
      own_user_(own_user()),
      output_open_(std::move(output_open)),
      max_size_(std::move(max_size)),
      controllers_(std::move(controllers)) {}

control::InstanceInfo Listing::row(const supervisor::App& app,
                                   const supervisor::Instance& instance,
                                   const control::ListRequest& request,
                                   const Sizes& sizes) {
  const auto& life = instance.life();
  const auto& spec = app.spec;
  control::InstanceInfo info;
  info.id = life.id;
  info.app = spec.name;
  info.space = spec.space;
  info.instance = life.number;
  info.instances = static_cast<int>(app.instances.size());
  info.status = supervisor::status_name(instance.state());
  info.reason = instance.reason();
  const auto health = instance.health();
  info.health = supervisor::health_name(health.health);
  info.health_reason = health.why;
  info.said = instance.said();
  info.main_pid = instance.pid() > 0 ? instance.main_pid() : 0;
  info.pid = instance.pid();
  info.generation = life.generation;
  info.created_at_ms = app.created.us / 1000;
  if (info.pid > 0) {
    info.started_at_ms = life.launched.us / 1000;
    info.uptime_ms = instance.uptime().count();
  }
  info.next_start_ms = instance.time_to_start().count();
  info.restarts = life.restarts;
  info.unstable_restarts = life.history.unstable;
  info.user = user_of(spec);
  info.mode = "fork";
  info.version = version_of(spec.cwd);
  if (const auto* ending = instance.last_ending()) {
    info.last_exit_signal = ending->signal;
    info.last_exit_code = ending->signal == 0 ? ending->code : -1;
  }
  const auto files = files_of(spec, life.id, life.number, log_dir_);
  const auto size_of = [&](const std::string& file) {
    const auto known = sizes.find(file);
    return known != sizes.end() ? known->second : 0;
  };
  info.log_bytes = size_of(files.out_file);
  info.log_rate = rates_.of(path_of(files.out_file));
  if (files.error_file != files.out_file) {
    info.log_bytes += size_of(files.error_file);
    info.log_rate += rates_.of(path_of(files.error_file));
  }
  const auto dropped = tally_.dropped(life.app, life.number);
  info.dropped_lines = dropped.lines;
  info.dropped_bytes = dropped.bytes;
  info.disk_full = tally_.disk_full(life.app, life.number);
  // Between lives there is a moment at which this one has no pid yet.
  info.output_pending = info.pid == 0 &&
                        instance.state() != supervisor::State::Launching &&
                        output_open_(life.slot);
  info.watching = spec.keep.watch.on && instance.wanted();
  measure(info);
  if (request.table) return info;
  info.out_file = path_of(files.out_file);
  info.error_file = path_of(files.error_file);
  info.script = spec.script;
  info.args = spec.args;
  info.interpreter = spec.shell ? "bash" : spec.interpreter;
  if (info.interpreter.empty())
    info.interpreter = supervisor::interpreter_for(spec.script);
  info.cwd = spec.cwd;
  info.events_file = base::fs::join(log_dir_, store::events_name(life.app));
  if (request.brief) return info;
  const auto settings = config::settings_of(spec);
  if (spec.keep.limits != config::Limits{})
    for (const auto& [key, how] :
         plan_limits(spec.keep.limits, controllers_()).how)
      info.limits.push_back(
          {key,
           std::ranges::find(settings, key, &config::SpecSetting::key)->value,
           how});
  for (const auto& setting : settings)
    info.settings.push_back({setting.key,
                             setting.key == "log.max_size" && setting.is_default
                                 ? base::exact_size(max_size_())
                                 : setting.value,
                             setting.is_default ? "default" : "given"});
  return info;
}

// Thousands: those that are there, by the directory, so that its path is not
// walked for each.
const Listing::Sizes& Listing::live_sizes(const store::Catalog& catalog) {
  constexpr size_t kMany = 256;
  const auto now = std::chrono::steady_clock::now();
  if (sizes_.size() > kMany && now - sizes_at_ < std::chrono::seconds(1))
    return sizes_;
  sizes_at_ = now;
  sizes_.clear();
  const base::UniqueFd dir(
      ::open(log_dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto names = base::fs::list_dir(log_dir_);
  std::unordered_set<std::string_view> there;
  if (names) there.insert(names->begin(), names->end());
  for (const auto& app : catalog.apps)
    for (const auto& file : store::files_of(app)) {
      if (names && file.file.find('/') == std::string::npos &&
          !there.contains(file.file))
        continue;
      struct stat info{};
      if (::fstatat(dir.get(), file.file.c_str(), &info, 0) == 0)
        sizes_[file.file] = info.st_size;
    }
  return sizes_;
}

std::string Listing::path_of(const std::string& file) const {
  return file.empty() ? "/dev/null" : store::file_path(log_dir_, file);
}

// Of the whole tree, once it was looked at; until then of what we started.
void Listing::measure(control::InstanceInfo& info) const {
  if (info.pid == 0) return;
  if (const auto* usage = sampler_.of(info.id, info.pid)) {
    info.memory_bytes = usage->memory_bytes;
    info.cpu_percent = usage->cpu_percent;
    info.processes = usage->processes;
  } else if (const auto process = supervisor::read_process(info.pid)) {
    info.memory_bytes = process->memory_bytes;
    info.processes = 1;
  }
}

// Whom it runs as.
std::string Listing::user_of(const config::AppSpec& spec) {
  const auto as = users_.resolve(spec.uid, spec.gid);
  // Gone since the app was started, or not ours to become.
  if (!as && !spec.uid.empty()) return spec.uid;
  if (!as || !*as) return own_user_;
  const auto& name = (*as)->name;
  return name.empty() ? std::to_string((*as)->user.uid) : name;
}

// Of the package.json in the app's directory, as PM2 shows it.
std::string Listing::version_of(const std::string& cwd) {
  const auto known = versions_.find(cwd);
  if (known != versions_.end()) return known->second;
  std::string version;
  auto text =
      base::fs::read_file(base::fs::join(cwd, "package.json"), size_t{1} << 20);
  if (text) {
    auto json = base::parse_json(*text);
    if (json && json->is_object() && json->contains("version") &&
        json->at("version").is_string())
      version = json->at("version").get<std::string>();
  }
  return versions_[cwd] = version;
}

}  // namespace daemon_
