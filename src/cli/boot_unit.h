#pragma once
// What an init system is given so that a home's apps come back at boot: the
// unit's text, where it goes, and by which commands it counts. Pure, but for
// looking for the init system and for units that are there.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

enum class Init { Systemd, Openrc };
std::string_view init_name(Init init);
std::optional<Init> find_init(std::string_view word);

// Where /etc and /run are looked for: $LODGE_SYSROOT (for images and tests),
// else "".
std::string system_root();
// $XDG_CONFIG_HOME, else ~/.config.
std::string user_config_dir(const std::string& user_home);
// What this machine was booted with; none in most containers.
std::optional<Init> running_init(const std::string& root);

struct BootUnit {
  Init init = Init::Systemd;
  bool of_user = false;  // of the user's own manager, not the system's
  std::string service;   // "lodge-deploy"
  std::string user;
  std::string user_home;
  std::string home;   // LODGE_HOME
  std::string lodge;  // the program
  std::string path;   // PATH
};

// Errc::Invalid: a path that a unit can't hold.
base::Status check_unit(const BootUnit& unit);
std::string print_unit(const BootUnit& unit);
// Without the system's root.
std::string unit_path(const BootUnit& unit);

using CommandLine = std::vector<std::string>;
// After the unit was written, and before it is removed; and once it is.
std::vector<CommandLine> enable_commands(const BootUnit& unit);
std::vector<CommandLine> disable_commands(const BootUnit& unit);
std::vector<CommandLine> forget_commands(const BootUnit& unit);

// As a shell reads it.
std::string shell_words(const CommandLine& words);

// Units of ours for a home, by the line that says so; `of_user` is of what
// lies below `user_config`, a user's ~/.config.
struct InstalledUnit {
  Init init = Init::Systemd;
  bool of_user = false;
  std::string service;
  std::string path;
};
std::vector<InstalledUnit> installed_units(const std::string& root,
                                           const std::string& user_config,
                                           std::string_view home);
// Whether a unit's text was written for that home.
bool is_written_for(std::string_view text, std::string_view home);

}  // namespace cli
