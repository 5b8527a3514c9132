#include "daemon/child_ends.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/fs.h"
#include "base/pty.h"

namespace daemon_ {
namespace {

// A child gets its output pipes re-opened for reading too: it is then a reader
// of its own pipe, so that with daemon and keeper both dead it sees no EPIPE,
// and a later daemon finds pipe and bytes in /proc/PID/fd. Its stdin likewise
// never comes to an end.
base::Result<base::UniqueFd> reopen(int pipe_end) {
  return base::fs::open("/proc/self/fd/" + std::to_string(pipe_end), O_RDWR);
}

base::Result<Ends> make_ends(bool child_reads) {
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::fail(std::move(pipe.error()));
  auto childs = reopen(pipe->read.get());
  if (!childs) return base::fail(std::move(childs.error()));
  return Ends{std::move(child_reads ? pipe->write : pipe->read),
              std::move(*childs)};
}

base::Result<Ends> make_channel() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return base::fail(base::fs::errno_error(errno, "socketpair", ""));
  Ends ends{base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
  if (auto set = base::fs::set_nonblocking(ends.ours.get(), true); !set)
    return base::fail(std::move(set.error()));
  return ends;
}

base::Result<Ends> make_output(bool kept) {
  if (kept) return make_ends(false);
  auto null = base::fs::open("/dev/null", O_RDWR);
  if (!null) return base::fail(std::move(null.error()));
  return Ends{{}, std::move(*null)};
}

base::Status make_pipes(ChildEnds& all, const EndsWanted& wanted) {
  for (auto* const ends : {&all.in, &all.out, &all.err}) {
    auto made = ends == &all.in
                    ? make_ends(true)
                    : make_output(ends == &all.out ? wanted.out : wanted.err);
    if (!made) return base::fail(std::move(made.error()));
    *ends = std::move(*made);
  }
  return {};
}

// Its input is the other direction of its output: one terminal in all roles.
base::Status make_terminal(ChildEnds& all) {
  auto pty = base::make_pty();
  if (!pty) return base::fail(std::move(pty.error()));
  auto in = base::fs::duplicate(pty->master.get());
  if (!in) return base::fail(std::move(in.error()));
  all.in.ours = std::move(*in);
  for (auto* const ends : {&all.in, &all.err}) {
    auto slave = base::fs::duplicate(pty->slave.get());
    if (!slave) return base::fail(std::move(slave.error()));
    ends->childs = std::move(*slave);
  }
  all.out = {std::move(pty->master), std::move(pty->slave)};
  return {};
}

}  // namespace

base::Result<ChildEnds> make_child_ends(const EndsWanted& wanted) {
  ChildEnds all;
  if (auto made = wanted.pty ? make_terminal(all) : make_pipes(all, wanted);
      !made)
    return base::fail(std::move(made.error()));
  if (!wanted.ipc) return all;
  auto channel = make_channel();
  if (!channel) return base::fail(std::move(channel.error()));
  all.ipc = std::move(*channel);
  return all;
}

base::Status give_to(const ChildEnds& ends, const keeper::User& user) {
  for (const auto* const one : {&ends.in, &ends.out, &ends.err}) {
    // Only what was made for it: /dev/null is everybody's.
    auto info = base::fs::fstat(one->childs.get(), "child's end");
    if (!info) return base::fail(std::move(info.error()));
    struct ::stat null{};
    if (::stat("/dev/null", &null) == 0 && S_ISCHR(info->st_mode) &&
        info->st_rdev == null.st_rdev)
      continue;
    if (auto given = base::fs::set_owner(one->childs.get(), user.uid, user.gid);
        !given)
      return given;
  }
  return {};
}

}  // namespace daemon_
