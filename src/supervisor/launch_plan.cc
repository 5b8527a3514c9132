#include "supervisor/launch_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/environment.h"
#include "config/interpreters.h"

namespace supervisor {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const std::string& path) {
  struct ::stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string path_of(const config::AppSpec& spec) {
  const auto env = config::environment_of(spec);
  const auto it = env.find("PATH");
  return it == env.end() ? std::string(kDefaultPath) : it->second;
}

std::string_view interpreter_of(const config::AppSpec& spec) {
  if (spec.shell)
    return spec.interpreter.empty() ? "bash"
                                    : std::string_view(spec.interpreter);
  if (spec.interpreter == "none") return {};
  if (!spec.interpreter.empty()) return spec.interpreter;
  return interpreter_for(spec.script);
}

bool is_node(std::string_view interpreter) {
  const auto name = base::fs::base_name(interpreter);
  return name == "node" || name == "nodejs";
}

base::Result<std::string> locate(std::string_view interpreter,
                                 const config::AppSpec& spec) {
  std::string found = interpreter.find('/') == interpreter.npos
                          ? find_program(interpreter, path_of(spec))
                          : base::fs::absolute(interpreter, spec.cwd);
  if (!found.empty() && is_program(found)) return found;
  return base::fail(base::Errc::NotFound,
                    fmt::format("{}: interpreter {} is not on the app's PATH",
                                spec.name, interpreter),
                    "install it, or name another with --interpreter");
}

}  // namespace

std::string_view interpreter_for(std::string_view script) {
  return config::interpreter_for(script);
}

std::string find_program(std::string_view program, std::string_view path) {
  while (!path.empty()) {
    const auto colon = path.find(':');
    const std::string candidate =
        base::fs::join(path.substr(0, colon), program);
    if (candidate.front() == '/' && is_program(candidate)) return candidate;
    if (colon == path.npos) break;
    path.remove_prefix(colon + 1);
  }
  return {};
}

std::vector<std::string> environment_of(const config::AppSpec& spec,
                                        const Copy& copy) {
  auto env = config::environment_of(spec, copy.number);
  // Into a pipe Python writes by blocks of 8 KiB: a log that comes late.
  env.try_emplace("PYTHONUNBUFFERED", "1");
  if (!spec.environment.instance_var.empty())
    env[spec.environment.instance_var] = std::to_string(copy.number);
  env["pm_id"] = std::to_string(copy.id);
  env["name"] = spec.name;
  env[std::string(kTagVariable)] = copy.tag;
  std::vector<std::string> result;
  result.reserve(env.size());
  for (const auto& [key, value] : env) result.push_back(key + "=" + value);
  return result;
}

base::Result<LaunchPlan> plan_launch(const config::AppSpec& spec,
                                     const Copy& copy) {
  LaunchPlan plan;
  plan.cwd = spec.cwd;
  plan.pty = spec.log.pty;
  plan.env = environment_of(spec, copy);
  const auto interpreter = interpreter_of(spec);
  if (interpreter.empty()) {
    plan.path = spec.script;
    plan.argv = {spec.script};
  } else {
    auto found = locate(interpreter, spec);
    if (!found) return base::fail(std::move(found.error()));
    plan.path = std::move(*found);
    plan.argv = {std::string(interpreter)};
    plan.argv.insert(plan.argv.end(), spec.interpreter_args.begin(),
                     spec.interpreter_args.end());
    if (spec.shell) plan.argv.emplace_back("-c");
    plan.argv.push_back(spec.script);
    // bash -c LINE NAME ARGS...: the word after the line is $0.
    if (spec.shell && !spec.args.empty()) plan.argv.push_back(spec.name);
    plan.ipc = is_node(interpreter) && !spec.shell;
  }
  plan.argv.insert(plan.argv.end(), spec.args.begin(), spec.args.end());
  if (plan.ipc) plan.env.emplace_back("NODE_CHANNEL_FD=3");
  return plan;
}

std::string describe_launch(const config::AppSpec& spec) {
  if (spec.shell) return spec.script;
  std::string words(interpreter_of(spec));
  if (!words.empty()) words = base::fs::base_name(words) + " ";
  return words + base::fs::base_name(spec.script);
}

}  // namespace supervisor
