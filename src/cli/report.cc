#include "cli/report.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/eprint.h"
#include "base/fs.h"
#include "base/json.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

// Somebody else's lodge on this machine, as far as we may see: what a person
// who looks in the wrong home is likely to be after.
std::string other_user(const base::Home& ours) {
  constexpr size_t kEnough = 200;  // homes to look at
  std::vector<std::string> homes = {"/root"};
  if (auto names = base::fs::list_dir("/home"); names)
    for (const auto& name : *names)
      if (homes.size() < kEnough)
        homes.push_back(base::fs::join("/home", name));
  for (const auto& home : homes) {
    const auto root = base::fs::join(home, ".lodge");
    if (root == ours.root()) continue;
    const auto info = base::fs::stat(root);
    if (!info || !S_ISDIR(info->st_mode) || info->st_uid == ::geteuid())
      continue;
    if (::geteuid() == 0 && !base::fs::exists(base::Home(root).socket()))
      continue;
    const passwd* user = ::getpwuid(info->st_uid);
    if (user != nullptr) return user->pw_name;
  }
  return {};
}

base::Error no_daemon(const Invocation& invocation, base::Error error) {
  const std::string user = other_user(invocation.home);
  error.hint = "start an app: lodge start app.js";
  if (!user.empty())
    error.hint += fmt::format("; started by {}? sudo -u {} {}", user, user,
                              printable(invocation.line));
  return error;
}

// The place of a caret is told in bytes of the line above it, and shown in
// cells.
std::string caret_line(std::string_view line, std::string_view above) {
  const auto at = line.find_first_not_of(' ');
  if (at == line.npos || line.substr(at) != "^") return printable(line);
  const size_t past = at - std::min(at, above.size());
  const auto before = printable(above.substr(0, at));
  return std::string(display_width(before) + past, ' ') + '^';
}

}  // namespace

int report(std::string_view command, bool json, const base::Error& error,
           int exit) {
  if (json) {
    // A place that is shown below the first line is for eyes.
    const auto message = error.message.substr(0, error.message.find('\n'));
    const auto cut = message.rfind(": ");
    const bool has_where = cut != std::string::npos;
    nlohmann::ordered_json body;
    body["what"] = command;
    body["where"] = has_where ? message.substr(0, cut) : "";
    body["why"] = has_where ? message.substr(cut + 2) : message;
    body["hint"] = error.hint;
    body["exit"] = exit;
    nlohmann::ordered_json object;
    object["error"] = std::move(body);
    base::eprint("{}\n", object.dump(-1, ' ', false,
                                     nlohmann::json::error_handler_t::replace));
    return exit;
  }
  // Lines below the first show a place, with a caret under it.
  const auto first = std::min(error.message.find('\n'), error.message.size());
  std::string text = "lodge: ";
  if (!command.empty()) text += fmt::format("{}: ", command);
  text += printable(error.message.substr(0, first));
  if (!error.hint.empty()) text += " · " + printable(error.hint);
  std::string_view above;
  for (size_t at = first; at < error.message.size();) {
    const auto end =
        std::min(error.message.find('\n', at + 1), error.message.size());
    const auto line =
        std::string_view(error.message).substr(at + 1, end - at - 1);
    text += '\n' + caret_line(line, above);
    above = line;
    at = end;
  }
  base::eprint("{}\n", text);
  return exit;
}

int report(const Invocation& invocation, const base::Error& error, int exit) {
  return report(invocation.command.name, invocation.json, error, exit);
}

void warn_of_skew(std::string_view daemons) {
  if (daemons.empty() || daemons == LODGE_VERSION) return;
  base::eprint("lodge: this command is {}, the daemon {} · lodge update\n",
               LODGE_VERSION, printable(daemons));
}

void warn_of_list(const Invocation& invocation,
                  const control::ListReply& list) {
  if (list.warning.empty()) return;
  base::eprint("lodge: {}: {} · the last change may be missing: see the list\n",
               invocation.command.name, printable(list.warning));
}

void say(const Invocation& invocation, std::string_view text) {
  if (!invocation.silent && !text.empty())
    std::fwrite(text.data(), 1, text.size(), stdout);
}

std::expected<control::Reply, int> check_reply(
    const Invocation& invocation, base::Result<control::Reply> reply) {
  if (!reply && reply.error().code == base::Errc::Unavailable)
    return std::unexpected(
        report(invocation, no_daemon(invocation, std::move(reply.error())),
               kNoDaemon));
  if (!reply)
    return std::unexpected(report(invocation, reply.error(), kFailed));
  if (const auto* refused = std::get_if<control::ErrorReply>(&*reply))
    return std::unexpected(report(
        invocation, {base::Errc::Invalid, 0, refused->message, refused->hint},
        refused->exit_code));
  return std::move(*reply);
}

}  // namespace cli
