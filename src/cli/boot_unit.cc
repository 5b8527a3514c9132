#include "cli/boot_unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/fs.h"

namespace cli {
namespace {

constexpr std::string_view kSystemdDir = "/etc/systemd/system";
constexpr std::string_view kOpenrcDir = "/etc/init.d";
constexpr std::string_view kUserDir = "systemd/user";
constexpr size_t kLargestUnit = size_t{64} << 10;

std::string first_line(std::string_view home) {
  return fmt::format(
      "# Written by lodge startup for {}; lodge unstartup removes it.\n", home);
}

// A value in quotes. '%' names things there, and '$' does in what is run.
std::string quoted(std::string_view text, bool runs) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '%' || (c == '$' && runs)) result += c;
    result += c;
  }
  return result + '"';
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           std::string_view("/._-+,@").find(c) != std::string_view::npos;
  });
}

std::string exec_words(std::string_view program, std::string_view arguments) {
  return (is_plain(program) ? std::string(program) : quoted(program, true)) +
         fmt::format(" {}", arguments);
}

std::string for_shell(std::string_view word) {
  if (!word.empty() && is_plain(word)) return std::string(word);
  std::string result = "'";
  for (const char c : word) {
    if (c == '\'')
      result += R"('\'')";
    else
      result += c;
  }
  return result + "'";
}

std::string print_systemd(const BootUnit& unit) {
  std::string text = first_line(unit.home);
  text += fmt::format(
      "[Unit]\n"
      "Description=Lodge, the apps of {}\n"
      "Documentation=man:lodge(1)\n",
      unit.user);
  // A user's manager knows nothing of the network.
  if (!unit.of_user)
    text += "Wants=network-online.target\nAfter=network-online.target\n";
  text +=
      "StartLimitIntervalSec=60\n"
      "StartLimitBurst=5\n"
      "\n"
      "[Service]\n"
      "Type=notify\n"
      "NotifyAccess=all\n"
      "# The keeper may be killed: its successor takes the apps over.\n"
      "ExitType=cgroup\n";
  if (!unit.of_user) text += fmt::format("User={}\n", unit.user);
  text += fmt::format("Environment={}\nEnvironment={}\n",
                      quoted("LODGE_HOME=" + unit.home, false),
                      quoted("PATH=" + unit.path, false));
  // After a kill by hand there is nothing left to stop: no failure, which would
  // start the service again.
  text += fmt::format("ExecStart={}\nExecReload={}\nExecStop=-{}\n",
                      exec_words(unit.lodge, "resurrect --boot"),
                      exec_words(unit.lodge, "update"),
                      exec_words(unit.lodge, "kill"));
  text +=
      "# More is asked for when an app's kill_timeout is longer.\n"
      "TimeoutStopSec=90\n"
      "Restart=on-failure\n"
      "RestartSec=2\n"
      "Delegate=yes\n"
      "# An app that runs out of memory is the daemon's business.\n"
      "OOMPolicy=continue\n"
      "TasksMax=infinity\n"
      "\n"
      "[Install]\n";
  return text + (unit.of_user ? "WantedBy=default.target\n"
                              : "WantedBy=multi-user.target\n");
}

std::string print_openrc(const BootUnit& unit) {
  const std::string env = fmt::format(
      "env HOME={} LODGE_HOME={} PATH={} {}", for_shell(unit.user_home),
      for_shell(unit.home), for_shell(unit.path), for_shell(unit.lodge));
  // Root needs no su, which a small system may not have.
  const std::string run =
      unit.user == "root"
          ? env + " \"$@\""
          : fmt::format("su -s /bin/sh {} -c {}", for_shell(unit.user),
                        for_shell(env + " ") + "\"$*\"");
  return "#!/sbin/openrc-run\n" + first_line(unit.home) +
         fmt::format(
             "\n"
             "description=\"Lodge, the apps of {}\"\n"
             "extra_started_commands=\"reload\"\n"
             "\n"
             "lodge() {{\n"
             "  {}\n"
             "}}\n"
             "\n"
             "depend() {{\n"
             "  need localmount\n"
             "  use net dns logger\n"
             "  after firewall\n"
             "}}\n"
             "\n"
             "start() {{\n"
             "  ebegin \"Starting the apps of {}\"\n"
             "  lodge resurrect --boot >/dev/null\n"
             "  eend $?\n"
             "}}\n"
             "\n"
             "stop() {{\n"
             "  ebegin \"Stopping the apps of {}\"\n"
             "  lodge kill >/dev/null\n"
             "  eend $?\n"
             "}}\n"
             "\n"
             "reload() {{\n"
             "  ebegin \"Replacing the daemon of {}\"\n"
             "  lodge update >/dev/null\n"
             "  eend $?\n"
             "}}\n"
             "\n"
             "status() {{\n"
             "  lodge ping\n"
             "}}\n",
             unit.user, run, unit.user, unit.user, unit.user);
}

void look_for_units(const std::string& dir, Init init, bool of_user,
                    std::string_view home, std::vector<InstalledUnit>& found) {
  constexpr std::string_view kEnding = ".service";
  const bool systemd = init == Init::Systemd;
  auto names = base::fs::list_dir(dir);
  if (!names) return;
  for (const auto& name : *names) {
    if (systemd && !name.ends_with(kEnding)) continue;
    const auto path = base::fs::join(dir, name);
    const auto info = base::fs::link_stat(path);
    if (!info || !S_ISREG(info->st_mode)) continue;
    const auto text = base::fs::read_file(path, kLargestUnit);
    if (!text || !is_written_for(*text, home)) continue;
    const auto end = systemd ? name.size() - kEnding.size() : name.size();
    found.push_back({init, of_user, name.substr(0, end), path});
  }
}

CommandLine systemctl(const BootUnit& unit, std::vector<std::string> words) {
  CommandLine line = {"systemctl"};
  if (unit.of_user) line.emplace_back("--user");
  line.insert(line.end(), words.begin(), words.end());
  return line;
}

}  // namespace

std::string_view init_name(Init init) {
  return init == Init::Systemd ? "systemd" : "openrc";
}

std::optional<Init> find_init(std::string_view word) {
  if (word == "systemd") return Init::Systemd;
  if (word == "openrc") return Init::Openrc;
  return std::nullopt;
}

std::string system_root() {
  const char* root = std::getenv("LODGE_SYSROOT");
  return root != nullptr && *root == '/' ? root : "";
}

std::string user_config_dir(const std::string& user_home) {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  return config != nullptr && *config == '/'
             ? config
             : base::fs::join(user_home, ".config");
}

std::optional<Init> running_init(const std::string& root) {
  // As sd_booted(3) has it, and as OpenRC's own scripts do.
  if (base::fs::exists(root + "/run/systemd/system")) return Init::Systemd;
  if (base::fs::exists(root + "/run/openrc")) return Init::Openrc;
  return std::nullopt;
}

base::Status check_unit(const BootUnit& unit) {
  for (const auto* text : {&unit.home, &unit.lodge, &unit.path, &unit.user_home,
                           &unit.user, &unit.service})
    if (std::ranges::any_of(*text, [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        }))
      return base::fail(base::Errc::Invalid,
                        *text +
                            ": a control character in it, which no unit "
                            "can hold");
  if (!is_plain(unit.service) || unit.service.empty() ||
      unit.service.find('/') != std::string::npos ||
      unit.service.front() == '.' || unit.service.front() == '-')
    return base::fail(base::Errc::Invalid,
                      fmt::format("service name '{}': letters, digits, '.', "
                                  "'_', '-' and '@' only",
                                  unit.service),
                      "--service-name lodge");
  return {};
}

std::string print_unit(const BootUnit& unit) {
  return unit.init == Init::Systemd ? print_systemd(unit) : print_openrc(unit);
}

std::string unit_path(const BootUnit& unit) {
  if (unit.init == Init::Openrc)
    return fmt::format("{}/{}", kOpenrcDir, unit.service);
  if (!unit.of_user)
    return fmt::format("{}/{}.service", kSystemdDir, unit.service);
  return fmt::format("{}/{}/{}.service", user_config_dir(unit.user_home),
                     kUserDir, unit.service);
}

std::vector<CommandLine> enable_commands(const BootUnit& unit) {
  if (unit.init == Init::Openrc)
    return {{"rc-update", "add", unit.service, "default"}};
  return {systemctl(unit, {"daemon-reload"}),
          systemctl(unit, {"enable", unit.service + ".service"})};
}

std::vector<CommandLine> disable_commands(const BootUnit& unit) {
  if (unit.init == Init::Openrc)
    return {{"rc-update", "del", unit.service, "default"}};
  return {systemctl(unit, {"disable", unit.service + ".service"})};
}

std::vector<CommandLine> forget_commands(const BootUnit& unit) {
  if (unit.init == Init::Openrc) return {};
  return {systemctl(unit, {"daemon-reload"})};
}

std::string shell_words(const CommandLine& words) {
  std::string line;
  for (const auto& word : words)
    line += (line.empty() ? "" : " ") + for_shell(word);
  return line;
}

std::vector<InstalledUnit> installed_units(const std::string& root,
                                           const std::string& user_config,
                                           std::string_view home) {
  std::vector<InstalledUnit> found;
  look_for_units(root + std::string(kSystemdDir), Init::Systemd, false, home,
                 found);
  look_for_units(base::fs::join(user_config, kUserDir), Init::Systemd, true,
                 home, found);
  look_for_units(root + std::string(kOpenrcDir), Init::Openrc, false, home,
                 found);
  return found;
}

bool is_written_for(std::string_view text, std::string_view home) {
  return text.find(first_line(home)) != text.npos;
}

}  // namespace cli
