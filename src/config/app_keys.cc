// What an app is, and how it is started and kept.
#include "config/key_makers.h"
#include "config/key_tables.h"

namespace config {
namespace {

// A name, or a number.
Key account(std::string_view name, std::string AppSpec::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.*member = value.is_number_unsigned()
                               ? std::to_string(value.get<uint32_t>())
                               : value.get<std::string>();
            return {};
          },
          [member](const AppSpec& spec) { return Json(spec.*member); }};
}

// Instances are processes of their own either way.
Key exec_mode() {
  return {"exec_mode",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto mode = value.get<std::string>();
            if (mode.ends_with("_mode")) mode.resize(mode.size() - 5);
            if (mode != "fork" && mode != "cluster")
              return base::fail(
                  base::Errc::Invalid,
                  fmt::format("'{}' is neither fork nor cluster", mode));
            spec.exec_mode = std::move(mode);
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.exec_mode); }};
}

}  // namespace

std::vector<Key> app_keys() {
  return {
      plain("name", &AppSpec::name),
      plain("namespace", &AppSpec::space),
      plain("script", &AppSpec::script),
      plain("shell", &AppSpec::shell),
      plain("args", &AppSpec::args),
      plain("cwd", &AppSpec::cwd),
      plain("interpreter", &AppSpec::interpreter),
      plain("interpreter_args", &AppSpec::interpreter_args),
      plain("instances", &AppSpec::instances),
      account("uid", &AppSpec::uid),
      account("gid", &AppSpec::gid),
      plain("autorestart", &AppSpec::autorestart),
      plain("max_restarts", &AppSpec::max_restarts),
      duration("min_uptime", &AppSpec::min_uptime),
      duration("restart_delay", &AppSpec::restart_delay),
      duration("kill_timeout", &AppSpec::kill_timeout),
      plain("stop_exit_codes", &AppSpec::stop_exit_codes),
      exec_mode(),
      plain("name_given", &AppSpec::name_given),
      plain("config_file", &AppSpec::config_file),
  };
}

}  // namespace config
