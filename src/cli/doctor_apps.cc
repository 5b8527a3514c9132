#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/doctor.h"
#include "config/interpreters.h"

namespace cli {
namespace {

namespace fs = base::fs;
using config::AppSpec;
using State = Finding::State;

bool is_program(const std::string& path) {
  const auto info = fs::stat(path);
  return info && S_ISREG(info->st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// What runs the script; empty: itself.
std::string interpreter_of(const AppSpec& app) {
  if (app.interpreter == "none") return {};
  if (!app.interpreter.empty()) return app.interpreter;
  if (app.shell) return "bash";
  return std::string(config::interpreter_for(app.script));
}

std::string on_path(const std::string& program, const AppSpec& app) {
  if (program.find('/') != program.npos)
    return is_program(fs::absolute(program, app.cwd)) ? program : "";
  const auto path = app.env.find("PATH");
  std::string_view rest = path != app.env.end()
                              ? std::string_view(path->second)
                              : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    auto candidate = fs::join(rest.substr(0, colon), program);
    if (is_program(candidate)) return candidate;
    if (colon == rest.npos) break;
    rest.remove_prefix(colon + 1);
  }
  return {};
}

Finding look_at(const AppSpec& app) {
  const auto bad = [&](std::string why, std::string mend) {
    return Finding{State::Bad, "app", app.name + ": " + std::move(why),
                   std::move(mend)};
  };
  const auto cwd = fs::stat(app.cwd);
  if (!cwd || !S_ISDIR(cwd->st_mode))
    return bad("its cwd " + app.cwd + " is not there",
               "make it, or start it anew with --cwd DIR");
  if (!app.shell && !fs::exists(app.script))
    return bad(app.script + " is not there",
               "put it back, or: lodge delete " + app.name);
  const auto interpreter = interpreter_of(app);
  if (interpreter.empty()) {
    if (app.shell || is_program(app.script))
      return {State::Ok, "app", app.name + ": " + app.script, ""};
    return bad(app.script + " is not executable", "chmod +x " + app.script);
  }
  const auto found = on_path(interpreter, app);
  if (found.empty())
    return bad(fmt::format("{} is not on its PATH", interpreter),
               fmt::format("install it, or: lodge start {} --interpreter "
                           "/path/to/{}",
                           app.script, fs::base_name(interpreter)));
  return {State::Ok, "app", fmt::format("{}: {}", app.name, found), ""};
}

// As a daemon to come would take it.
base::Result<std::vector<AppSpec>> read_list(const std::string& path) {
  auto text = fs::read_file(path);
  if (!text) return base::fail(std::move(text.error()));
  auto json = base::parse_json(*text, {.bytes = size_t{64} << 20, .depth = 16});
  if (!json) return base::pass(std::move(json), path);
  std::vector<AppSpec> apps;
  try {
    if (json->value("v", 0) != 1)
      return base::fail(base::Errc::Denied,
                        path + ": written by a newer version of lodge",
                        "use that version, or move the file away");
    for (const auto& entry : json->at("content").at("apps")) {
      auto spec = config::parse_spec(base::print_json(entry.at("spec")));
      if (!spec) return base::pass(std::move(spec), path);
      spec->instances = static_cast<int>(entry.at("instances").size());
      apps.push_back(std::move(*spec));
    }
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::Errc::Invalid, path + ": " + error.what());
  }
  return apps;
}

// Who has locked the home, by what the kernel lists; 0 = nobody that is seen.
int keeper_of(const base::Home& home) {
  const auto lock = fs::stat(home.run("keeper.lock"));
  const auto locks = fs::read_file("/proc/locks", size_t{16} << 20);
  if (!lock || !locks) return 0;
  // "7: FLOCK  ADVISORY  WRITE 4120 fe:00:11043706 0 EOF"
  const auto file = fmt::format(":{} 0 EOF", lock->st_ino);
  for (size_t begin = 0; begin < locks->size();) {
    const auto end = std::min(locks->find('\n', begin), locks->size());
    const auto line = std::string_view(*locks).substr(begin, end - begin);
    begin = end + 1;
    constexpr std::string_view kKind = " FLOCK  ADVISORY  WRITE ";
    const auto at = line.find(kKind);
    if (at == line.npos || !line.ends_with(file)) continue;
    int pid = 0;
    const auto* const digits = line.data() + at + kKind.size();
    std::from_chars(digits, line.data() + line.size(), pid);
    // Another file system may have a file of that number, too.
    const auto words = fs::read_file(fmt::format("/proc/{}/cmdline", pid));
    if (words && words->find("keeper") != words->npos) return pid;
  }
  return 0;
}

}  // namespace

std::optional<std::vector<AppSpec>> listed_apps(const base::Home& home,
                                                Findings& findings) {
  const auto path = home.app_list();
  const auto copy = path + ".bak";
  auto list = read_list(path);
  if (list) return std::move(*list);
  auto why = list.error().message;
  const bool copied = fs::exists(copy);
  if (list.error().code == base::Errc::NotFound && !copied)
    return std::vector<AppSpec>{};
  std::string mend = "the next start takes " + copy;
  if (list.error().code == base::Errc::Denied) {
    mend = list.error().hint;
  } else if (auto second = read_list(copy); !second) {
    if (copied) why += "; and the copy: " + second.error().message;
    mend = fmt::format(
        "mend or move away {}{}, then start the apps again; running ones go on "
        "meanwhile",
        path, copied ? " and " + copy : "");
  }
  findings.push_back({State::Bad, "app list", std::move(why), std::move(mend)});
  return std::nullopt;
}

Findings look_at_apps(const std::vector<AppSpec>& apps) {
  Findings findings;
  for (const auto& app : apps) findings.push_back(look_at(app));
  return findings;
}

Finding look_for_keeper(const base::Home& home) {
  const int keeper = keeper_of(home);
  if (keeper == 0) return {State::Note, "daemon", "none runs", "lodge start"};
  return {
      State::Bad, "daemon",
      fmt::format("none answers at {}, but a keeper (pid {}) holds the home",
                  home.socket(), keeper),
      fmt::format("kill {}, which stops the apps; then: lodge resurrect",
                  keeper)};
}

Findings look_at_daemon(const control::PingReply& daemon) {
  Findings findings;
  const bool skewed = daemon.version != LODGE_VERSION;
  findings.push_back(
      {skewed ? State::Bad : State::Ok, "daemon",
       skewed ? fmt::format("version {}, this command is {}", daemon.version,
                            LODGE_VERSION)
              : fmt::format("version {}, up for {}", daemon.version,
                            base::format_duration(
                                std::chrono::milliseconds(daemon.uptime_ms))),
       skewed ? "lodge update" : ""});
  const auto program =
      fs::read_link(fmt::format("/proc/{}/exe", daemon.daemon_pid));
  if (program && program->ends_with(" (deleted)"))
    findings.push_back({State::Bad, "daemon",
                        "its program was replaced since it began",
                        "lodge update"});
  if (daemon.safe)
    findings.push_back({State::Bad, "daemon",
                        "safe mode: it only captures, starts and stops nothing",
                        "lodge.log says why; then lodge update"});
  if (daemon.degraded)
    findings.push_back({State::Note, "keeper",
                        "it was killed: how apps of before will end may stay "
                        "unknown",
                        "lodge restart all, when it suits"});
  if (!daemon.update_error.empty())
    findings.push_back({State::Bad, "daemon",
                        "the last update went back: " + daemon.update_error,
                        "lodge update"});
  return findings;
}

}  // namespace cli
