#include "cli/startup_command.h"

#include <fmt/format.h>
#include <pwd.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "cli/boot_unit.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace cli {
namespace {

using base::Errc;

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Person {
  std::string name;
  std::string home;
  uid_t uid = 0;
};

Person person_of(const passwd& entry) {
  return {entry.pw_name, entry.pw_dir, entry.pw_uid};
}

Person ourselves() {
  const passwd* entry = ::getpwuid(::geteuid());
  Person person = entry != nullptr
                      ? person_of(*entry)
                      : Person{std::to_string(::geteuid()), "/", ::geteuid()};
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') person.home = home;
  return person;
}

int exit_of(const base::Error& error) {
  return error.code == Errc::Invalid ? kUsage : kFailed;
}

// For whom: -u and --hp, as PM2 has them.
base::Result<Person> person_meant(const Args& args) {
  Person person = ourselves();
  if (const auto name = args.value("user-name"); name && *name != person.name) {
    const passwd* entry = ::getpwnam(name->c_str());
    if (entry == nullptr)
      return base::fail(Errc::NotFound, *name + ": no such user",
                        "-u takes the name of a user of this machine");
    person = person_of(*entry);
  }
  if (const auto home = args.value("hp")) {
    if (!home->starts_with('/'))
      return base::fail(Errc::Invalid, *home + ": not an absolute path",
                        "--hp /home/deploy");
    person.home = base::fs::absolute(*home, "/");
  }
  return person;
}

base::Result<Init> init_meant(const Args& args) {
  if (!args.words.empty()) {
    if (const auto init = find_init(args.words.front())) return *init;
    return base::fail(
        Errc::Invalid, args.words.front() + ": neither systemd nor openrc",
        ::getpwnam(args.words.front().c_str()) != nullptr
            ? fmt::format("for that user's apps: -u {}", args.words.front())
            : "without a word it is what this machine was booted with");
  }
  if (const auto init = running_init(system_root())) return *init;
  if (args.has("user")) return Init::Systemd;
  return base::fail(Errc::NotFound,
                    "this machine was booted with neither systemd nor openrc",
                    "say which: lodge startup systemd; in a container nothing "
                    "is started at boot");
}

base::Result<BootUnit> unit_meant(const Invocation& invocation) {
  const Args& args = invocation.args;
  auto init = init_meant(args);
  if (!init) return base::fail(std::move(init.error()));
  auto person = person_meant(args);
  if (!person) return base::fail(std::move(person.error()));
  BootUnit unit;
  unit.init = *init;
  unit.of_user = args.has("user");
  if (unit.of_user && *init == Init::Openrc)
    return base::fail(Errc::Invalid, "--user: OpenRC has no units of users",
                      "lodge startup openrc -u " + person->name);
  if (unit.of_user && person->uid != ::geteuid())
    return base::fail(Errc::Invalid,
                      "--user: a user's own units are made by that user",
                      fmt::format("sudo -u {} lodge startup --user; or a unit "
                                  "of the system: lodge startup -u {}",
                                  person->name, person->name));
  unit.user = person->name;
  unit.user_home = person->home;
  unit.service = args.value("service-name")
                     .value_or(unit.of_user ? "lodge" : "lodge-" + unit.user);
  // $LODGE_HOME is ours, not another's.
  const bool ours = person->uid == ::geteuid() && !args.has("hp");
  unit.home = ours || args.has("home") ? invocation.home.root()
                                       : base::fs::join(person->home, ".lodge");
  auto lodge = base::fs::read_link("/proc/self/exe");
  if (!lodge) return base::pass(std::move(lodge), "lodge itself");
  unit.lodge = std::move(*lodge);
  const char* path = std::getenv("PATH");
  unit.path = path != nullptr && *path != '\0' ? path : kDefaultPath;
  if (auto good = check_unit(unit); !good)
    return base::fail(std::move(good.error()));
  if (const auto info = base::fs::stat(unit.home);
      info && info->st_uid != person->uid)
    return base::fail(
        Errc::Denied,
        fmt::format("{} does not belong to {}", unit.home, unit.user),
        "name its owner: -u USER, and where it is: --home DIR");
  return unit;
}

// Of this machine, or of the image that LODGE_SYSROOT names.
std::string full_path(const BootUnit& unit) {
  return unit.of_user ? unit_path(unit) : system_root() + unit_path(unit);
}

bool needs_root(const BootUnit& unit) {
  return !unit.of_user && ::geteuid() != 0;
}

// The same command, for root's shell.
std::string as_root(const Invocation& invocation, const BootUnit& unit) {
  CommandLine words = {"sudo",
                       "env",
                       "PATH=" + unit.path,
                       unit.lodge,
                       std::string(invocation.command.name),
                       std::string(init_name(unit.init)),
                       "-u",
                       unit.user,
                       "--hp",
                       unit.user_home};
  if (unit.home != base::fs::join(unit.user_home, ".lodge"))
    words.insert(words.end(), {"--home", unit.home});
  if (const auto name = invocation.args.value("service-name"))
    words.insert(words.end(), {"--service-name", *name});
  return shell_words(words);
}

base::Status run_program(const CommandLine& words) {
  std::vector<char*> argv;
  for (const auto& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, 2, 1);  // stdout has our words
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return base::fail(Errc::Io,
                      fmt::format("{}: {}", words.front(), ::strerror(error)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return base::fail(Errc::Io,
                    fmt::format("{}: exit code {}", shell_words(words),
                                WIFEXITED(status) ? WEXITSTATUS(status) : -1));
}

// A manager that does not run, as while an image is made, reads units later.
bool is_for_later(const BootUnit& unit, const CommandLine& words) {
  return unit.init == Init::Systemd && !unit.of_user &&
         words.back() == "daemon-reload" &&
         running_init(system_root()) != Init::Systemd;
}

base::Status run_all(const BootUnit& unit,
                     const std::vector<CommandLine>& commands) {
  for (const auto& words : commands) {
    if (is_for_later(unit, words)) continue;
    if (auto ran = run_program(words); !ran) return ran;
  }
  return {};
}

std::string lines_of(const std::vector<CommandLine>& commands) {
  std::string text;
  for (const auto& words : commands) text += shell_words(words) + "\n";
  return text;
}

std::string linger_command(const BootUnit& unit) {
  return shell_words({"loginctl", "enable-linger", unit.user});
}

int show_plan(const Invocation& invocation, const BootUnit& unit) {
  if (invocation.json) {
    nlohmann::ordered_json json{{"v", 1},
                                {"init", init_name(unit.init)},
                                {"path", full_path(unit)},
                                {"unit", print_unit(unit)}};
    auto& commands = json["commands"] = nlohmann::ordered_json::array();
    for (const auto& words : enable_commands(unit))
      commands.push_back(shell_words(words));
    if (unit.of_user) commands.push_back(linger_command(unit));
    say(invocation, json.dump() + "\n");
    return kDone;
  }
  say(invocation, fmt::format("# {}\n{}\n# then{}:\n{}{}", full_path(unit),
                              print_unit(unit), unit.of_user ? "" : ", as root",
                              lines_of(enable_commands(unit)),
                              unit.of_user ? linger_command(unit) + "\n" : ""));
  return kDone;
}

// Never in the place of what is not ours.
base::Status check_place(const BootUnit& unit) {
  const auto path = full_path(unit);
  if (!base::fs::link_stat(path)) return {};
  const auto text = base::fs::read_file(path);
  if (text && is_written_for(*text, unit.home)) return {};
  return base::fail(Errc::Exists, path + ": another unit is there",
                    "look at it; another name: --service-name NAME");
}

base::Status install(const BootUnit& unit) {
  const auto path = full_path(unit);
  if (auto free = check_place(unit); !free) return free;
  if (unit.of_user || !system_root().empty())
    if (auto made = base::fs::make_dirs(base::fs::dir_name(path)); !made)
      return made;
  if (auto written = base::fs::replace_file(path, print_unit(unit)); !written)
    return written;
  const mode_t mode = unit.init == Init::Openrc ? 0755 : 0644;
  if (auto set = base::fs::set_mode(path, mode); !set) return set;
  return run_all(unit, enable_commands(unit));
}

int ask_for_root(const Invocation& invocation, const BootUnit& unit) {
  say(invocation,
      fmt::format("[lodge] this needs root:\n{}\n", as_root(invocation, unit)));
  return kFailed;
}

int told(const Invocation& invocation, const BootUnit& unit,
         std::string_view action, std::string text) {
  if (invocation.json) {
    const nlohmann::ordered_json json{{"v", 1},
                                      {"action", action},
                                      {"init", init_name(unit.init)},
                                      {"path", full_path(unit)}};
    say(invocation, json.dump() + "\n");
  } else {
    say(invocation, text);
  }
  return kDone;
}

}  // namespace

int run_startup(const Invocation& invocation) {
  auto unit = unit_meant(invocation);
  if (!unit) return report(invocation, unit.error(), exit_of(unit.error()));
  if (invocation.args.has("dry-run")) return show_plan(invocation, *unit);
  if (needs_root(*unit)) return ask_for_root(invocation, *unit);
  if (auto done = install(*unit); !done)
    return report(invocation, done.error(), kFailed);
  std::string text =
      fmt::format("[lodge] {} written: the apps of {} come back at boot\n",
                  full_path(*unit), unit->user);
  if (unit->of_user)
    text +=
        fmt::format("[lodge] without a login only when that user lingers: {}\n",
                    linger_command(*unit));
  return told(invocation, *unit, "installed", std::move(text));
}

int run_unstartup(const Invocation& invocation) {
  auto meant = unit_meant(invocation);
  // Which init system it is does not matter here.
  if (!meant && invocation.args.words.empty() &&
      meant.error().code == Errc::NotFound &&
      !invocation.args.has("user-name")) {
    auto asked = invocation;
    asked.args.words.emplace_back(init_name(Init::Systemd));
    meant = unit_meant(asked);
  }
  if (!meant) return report(invocation, meant.error(), exit_of(meant.error()));
  const bool any_init = invocation.args.words.empty();
  auto found = installed_units(system_root(), user_config_dir(meant->user_home),
                               meant->home);
  const auto name = invocation.args.value("service-name");
  std::erase_if(found, [&](const InstalledUnit& unit) {
    return (name && unit.service != *name) ||
           (invocation.args.has("user") && !unit.of_user) ||
           (!any_init && unit.init != meant->init);
  });
  if (found.empty())
    return told(
        invocation, *meant, "unchanged",
        fmt::format("[lodge] there is no boot unit for {}\n", meant->home));
  for (const auto& there : found) {
    BootUnit unit = *meant;
    unit.init = there.init;
    unit.of_user = there.of_user;
    unit.service = there.service;
    if (invocation.args.has("dry-run")) {
      say(invocation,
          fmt::format("{}rm {}\n{}", lines_of(disable_commands(unit)),
                      there.path, lines_of(forget_commands(unit))));
      continue;
    }
    if (needs_root(unit)) return ask_for_root(invocation, unit);
    auto done = run_all(unit, disable_commands(unit));
    if (done) done = base::fs::unlink(there.path);
    if (done) done = run_all(unit, forget_commands(unit));
    if (!done) return report(invocation, done.error(), kFailed);
    told(invocation, unit, "removed",
         fmt::format("[lodge] {} removed: the apps of {} no longer come back "
                     "at boot\n",
                     there.path, unit.user));
  }
  return kDone;
}

std::string boot_hint(const Invocation& invocation) {
  const auto mark = invocation.home.run("boot-hint");
  if (base::fs::exists(mark)) return {};
  const auto root = system_root();
  if (!running_init(root)) return {};
  if (!installed_units(root, user_config_dir(ourselves().home),
                       invocation.home.root())
           .empty())
    return {};
  if (!base::fs::create_file(mark, "")) return {};
  return "[lodge] not started at boot: lodge startup\n";
}

}  // namespace cli
