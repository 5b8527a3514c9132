#pragma once
// How a command tells what went wrong: on stderr, as `lodge: what: where: why ·
// hint` or with --json as one object; and which exit code that is.

#include <expected>
#include <string_view>

#include "base/result.h"
#include "cli/commands.h"
#include "control/client.h"
#include "control/message.h"

namespace cli {

// The exit codes of SPEC section 5.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNoDaemon = 3;

// Each says it and returns `exit`, so that a command can end with
// `return report(...)`.
int report(const Invocation& invocation, const base::Error& error, int exit);
int report(std::string_view command, bool json, const base::Error& error,
           int exit);

// One line on stderr when the daemon is of another version than this command.
void warn_of_skew(std::string_view daemons);

// One line on stderr when the daemon came up with less than it should have.
void warn_of_list(const Invocation& invocation, const control::ListReply& list);

// Text for stdout, unless --silent.
void say(const Invocation& invocation, std::string_view text);

// Failures, refusals and answers of another kind than wanted are reported here;
// what is left for the caller is the exit code.
std::expected<control::Reply, int> check_reply(
    const Invocation& invocation, base::Result<control::Reply> reply);

template <class Wanted>
std::expected<Wanted, int> expect_reply(const Invocation& invocation,
                                        base::Result<control::Reply> answer) {
  auto reply = check_reply(invocation, std::move(answer));
  if (!reply) return std::unexpected(reply.error());
  if (auto* wanted = std::get_if<Wanted>(&*reply)) return std::move(*wanted);
  return std::unexpected(
      report(invocation,
             {base::Errc::Invalid, 0, "the daemon gave another kind of answer",
              "command and daemon may be of different versions: lodge version"},
             kFailed));
}

// Asks the daemon.
template <class Wanted>
std::expected<Wanted, int> ask_for(const Invocation& invocation,
                                   const control::Request& request,
                                   const control::Patience& patience = {}) {
  return expect_reply<Wanted>(
      invocation, control::ask(invocation.home, request,
                               {.command = invocation.line}, patience));
}

}  // namespace cli
