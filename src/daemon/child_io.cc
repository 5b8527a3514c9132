#include "daemon/child_io.h"

#include "base/fs.h"
#include "daemon/child_ends.h"
#include "daemon/limits.h"
#include "daemon/log_files.h"
#include "daemon/notify_socket.h"

namespace daemon_ {
namespace {

using keeper::Role;

constexpr std::chrono::milliseconds kDrainLimit{1000};
constexpr int kReadsAtOnce = 16;

uint64_t source_id(uint64_t slot, store::Stream stream) {
  return slot * 2 + (stream == store::Stream::Error ? 1 : 0);
}

// Errors leave it empty: then a keeper to come will not hold it.
base::UniqueFd duplicate(int fd) {
  auto copy = base::fs::duplicate(fd);
  return copy ? std::move(*copy) : base::UniqueFd();
}

// An app of that name, of which nothing else is known.
config::AppSpec named(const std::string& app) {
  config::AppSpec spec;
  spec.name = app;
  return spec;
}

}  // namespace

ChildIo::ChildIo(base::EventLoop& loop, keeper::Link& link,
                 capture::CaptureThread& capture, Users& users,
                 supervisor::Cgroups& groups, Logs logs, Ears ears)
    : loop_(loop),
      link_(link),
      capture_(capture),
      users_(users),
      groups_(groups),
      logs_(std::move(logs)),
      ears_(std::move(ears)) {}

base::Status ChildIo::launch(const supervisor::Life& life,
                             const config::AppSpec& spec,
                             const supervisor::LaunchPlan& plan) {
  auto as = users_.resolve(spec.uid, spec.gid);
  if (!as) return base::fail(std::move(as.error()));
  using enum store::Stream;
  const uint64_t max_size = logs_.max_size();
  auto out_sink =
      sink_spec(spec, life.id, life.number, Out, logs_.dir, max_size);
  auto error_sink =
      sink_spec(spec, life.id, life.number, Error, logs_.dir, max_size);
  auto ends = make_child_ends({.ipc = plan.ipc,
                               .pty = plan.pty,
                               .out = !out_sink.path.empty(),
                               .err = !error_sink.path.empty()});
  if (!ends) return base::pass(std::move(ends), "start");
  keeper::Program program{plan.path, plan.argv, plan.env,
                          plan.cwd,  {},        plan.pty};
  if (auto limited = limit(life, spec.keep.limits, program); !limited)
    return limited;
  if (*as) {
    program.user = (*as)->user;
    set_user(program.env, **as);
    if (auto given = give_to(*ends, *program.user); !given)
      return base::pass(std::move(given), "start");
  }
  std::vector<keeper::RoleFdRef> kept;
  std::vector<keeper::RoleFdRef> given;
  NotifySocket notify;
  if (spec.wait_ready) {
    auto made = make_notify_socket();
    if (!made) return base::pass(std::move(made), "start");
    notify = std::move(*made);
    set_variable(program.env, "NOTIFY_SOCKET", notify.name);
    kept.push_back({Role::Notify, notify.fd.get()});
  }
  for (const auto& [role, end] :
       {std::pair{Role::Stdin, &ends->in}, std::pair{Role::Stdout, &ends->out},
        std::pair{Role::Stderr, &ends->err},
        std::pair{Role::Ipc, &ends->ipc}}) {
    if (end->ours) kept.push_back({role, end->ours.get()});
    if (end->childs) given.push_back({role, end->childs.get()});
  }
  // The keeper holds everything before there is a child to miss it.
  const std::string label = supervisor::print_label(life);
  if (auto ok = link_.hold(life.slot, label, kept); !ok) return ok;
  if (auto ok = link_.spawn(life.slot, program, given); !ok) {
    link_.release(life.slot);
    return ok;
  }
  Held& held = held_[life.slot];
  held.label = label;
  held.in = std::move(ends->in.ours);
  held.ipc = std::move(ends->ipc.ours);
  held.notify = std::move(notify.fd);
  for (const auto stream : {Out, Error}) {
    base::UniqueFd& ours = (stream == Out ? ends->out : ends->err).ours;
    if (!ours) continue;  // a terminal has one stream; or nothing is kept
    (stream == Out ? held.out : held.err) = duplicate(ours.get());
    capture_.add(source(life, stream), std::move(ours),
                 std::move(stream == Out ? out_sink : error_sink));
  }
  return {};
}

base::Status ChildIo::limit(const supervisor::Life& life,
                            const config::Limits& limits,
                            keeper::Program& program) {
  if (limits == config::Limits{}) return {};
  auto plan = plan_limits(limits, groups_.controllers());
  program.limits = std::move(plan.process);
  auto group = groups_.make(life.id, life.generation, plan.group);
  if (!group) return base::fail(std::move(group.error()));
  program.group = std::move(*group);
  return {};
}

void ChildIo::relabel(const supervisor::Life& life) {
  const std::string label = supervisor::print_label(life);
  if (const auto it = held_.find(life.slot); it != held_.end())
    it->second.label = label;
  link_.label(life.slot, label);
}

void ChildIo::forget(uint64_t slot) {
  const auto it = held_.find(slot);
  if (it == held_.end()) {
    link_.release(slot);
    return;
  }
  it->second.forgotten = true;
  release_if_over(slot);
}

void ChildIo::adopt(
    const std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>>& lives) {
  std::vector<capture::CaptureThread::Adopted> sources;
  // Looks at all apps and at the disk: once, not for each of hundreds.
  const uint64_t max_size = logs_.max_size();
  for (const auto& [life, found] : lives) {
    Held& held = held_[life.slot];
    held.label = found->label;
    // A process of no app any more: what it says is still in its name.
    const auto* known = logs_.spec_of(life.id);
    const bool is_its = known != nullptr && known->name == life.app;
    std::optional<config::AppSpec> made;
    const auto& spec = is_its ? *known : made.emplace(named(life.app));
    for (auto& entry : found->fds) {
      using enum store::Stream;
      if (entry.role == Role::Stdin) held.in = std::move(entry.fd);
      if (entry.role == Role::Ipc) held.ipc = std::move(entry.fd);
      if (entry.role == Role::Notify) held.notify = std::move(entry.fd);
      if (entry.role != Role::Stdout && entry.role != Role::Stderr) continue;
      const auto stream = entry.role == Role::Stdout ? Out : Error;
      (stream == Out ? held.out : held.err) = duplicate(entry.fd.get());
      auto sink =
          sink_spec(spec, life.id, life.number, stream, logs_.dir, max_size);
      // There is a pipe: it was started when its output was still kept.
      if (sink.path.empty())
        sink = sink_spec(named(life.app), life.id, life.number, stream,
                         logs_.dir, max_size);
      sources.push_back(
          {source(life, stream), std::move(entry.fd), std::move(sink)});
    }
    if (found->state == keeper::SlotState::Running) listen(life.slot);
  }
  capture_.adopt(std::move(sources), logs_.sinks());
}

void ChildIo::drain(uint64_t slot, std::function<void()> done) {
  const auto [it, made] = drains_.try_emplace(
      slot, Drain{std::move(done), 2,
                  base::Timer(loop_, [this, slot] { drained(slot); })});
  if (!made) return;
  // Here and not in capture: one log write that hangs must not keep the exits
  // of all other apps waiting.
  it->second.limit.start(kDrainLimit);
  const auto one = [this, slot] {
    loop_.post([this, slot] {
      const auto open = drains_.find(slot);
      if (open != drains_.end() && --open->second.left == 0) drained(slot);
    });
  };
  capture_.drain(source_id(slot, store::Stream::Out), one);
  capture_.drain(source_id(slot, store::Stream::Error), one);
}

void ChildIo::drained(uint64_t slot) {
  auto node = drains_.extract(slot);
  if (node) node.mapped().done();
}

void ChildIo::process_over(uint64_t slot) {
  const auto it = held_.find(slot);
  if (it == held_.end()) return;
  Held& held = it->second;
  if (held.in) link_.drop(slot, Role::Stdin);
  if (held.ipc) link_.drop(slot, Role::Ipc);
  if (held.notify) link_.drop(slot, Role::Notify);
  held.in.reset();
  held.ipc_watch.reset();
  held.ipc.reset();
  held.notify_watch.reset();
  held.notify.reset();
}

void ChildIo::source_ended(uint64_t source) {
  const uint64_t slot = source / 2;
  const auto it = held_.find(slot);
  if (it == held_.end()) return;
  const bool error = source % 2 == 1;
  (error ? it->second.err : it->second.out).reset();
  link_.drop(slot, error ? Role::Stderr : Role::Stdout);
  release_if_over(slot);
}

base::Status ChildIo::hand_over(const FindProcess& process) {
  for (const auto& [slot, held] : held_)
    if (auto ok = hold(slot, process); !ok) return ok;
  return {};
}

base::Status ChildIo::hold(uint64_t slot, const FindProcess& process) {
  const Held& held = held_.at(slot);
  std::vector<keeper::RoleFdRef> kept;
  const auto add = [&](Role role, const base::UniqueFd& fd) {
    if (fd) kept.push_back({role, fd.get()});
  };
  add(Role::Stdin, held.in);
  add(Role::Ipc, held.ipc);
  add(Role::Notify, held.notify);
  add(Role::Stdout, held.out);
  add(Role::Stderr, held.err);
  if (auto ok = link_.hold(slot, held.label, kept); !ok) return ok;
  const Process alive = process(slot);
  if (alive.pid == 0) return {};
  return link_.adopt(slot, alive.pid, alive.pidfd);
}

base::Result<size_t> ChildIo::input(uint64_t slot,
                                    std::string_view bytes) const {
  const auto it = held_.find(slot);
  if (it == held_.end() || !it->second.in)
    return base::fail(base::Errc::NotFound, "it is not running");
  const int fd = it->second.in.get();
  // Ours alone: the child has the pipe opened anew.
  if (auto set = base::fs::set_nonblocking(fd, true); !set)
    return base::fail(std::move(set.error()));
  auto written = base::fs::write_some(fd, bytes, "stdin");
  if (!written && written.error().code == base::Errc::WouldBlock)
    return size_t{0};
  return written;
}

bool ChildIo::output_open(uint64_t slot) const {
  const auto it = held_.find(slot);
  return it != held_.end() && (it->second.out || it->second.err);
}

// Not before: who says what is judged by whose process it is. Until then it
// waits in the sockets.
void ChildIo::listen(uint64_t slot) {
  const auto it = held_.find(slot);
  if (it == held_.end()) return;
  Held& held = it->second;
  if (held.ipc && !held.ipc_watch) {
    held.ipc_watch = std::make_unique<base::FdWatch>(
        loop_, held.ipc.get(), [this, slot](int) { on_ipc(slot); });
    held.ipc_watch->want(base::FdWatch::Readable);
  }
  if (held.notify && !held.notify_watch) {
    held.notify_watch = std::make_unique<base::FdWatch>(
        loop_, held.notify.get(), [this, slot](int) { on_notify(slot); });
    held.notify_watch->want(base::FdWatch::Readable);
  }
}

// Everything is read: a full socket would make the app wait.
void ChildIo::on_ipc(uint64_t slot) {
  Held& held = held_.at(slot);
  char chunk[4096];
  bool ready = false;
  // Bounded: who writes without pause must not have the loop to itself.
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    auto n = base::fs::read(held.ipc.get(), chunk, "ipc");
    if (n && *n > 0) {
      ready = held.ipc_reader.feed({chunk, *n}) || ready;
      continue;
    }
    const bool over = n || n.error().code != base::Errc::WouldBlock;
    if (over) held.ipc_watch->want(0);
    break;
  }
  if (ready && ears_.on_ready_word) ears_.on_ready_word(slot);
}

void ChildIo::on_notify(uint64_t slot) {
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const auto it = held_.find(slot);
    if (it == held_.end() || !it->second.notify) return;
    const auto datagram = receive_datagram(it->second.notify.get());
    if (!datagram) {
      if (datagram.error().code != base::Errc::WouldBlock)
        it->second.notify_watch->want(0);
      return;
    }
    if (ears_.on_datagram)
      ears_.on_datagram(slot, datagram->pid, datagram->text);
  }
}

bool ChildIo::send_message(uint64_t slot, std::string_view json) {
  const auto it = held_.find(slot);
  return it != held_.end() && it->second.ipc &&
         send_line(it->second.ipc.get(), json);
}

void ChildIo::release_if_over(uint64_t slot) {
  const auto it = held_.find(slot);
  if (it == held_.end() || !it->second.forgotten) return;
  if (it->second.out || it->second.err) return;
  it->second.ipc_watch.reset();
  it->second.notify_watch.reset();
  held_.erase(it);
  link_.release(slot);
}

capture::SourceInfo ChildIo::source(const supervisor::Life& life,
                                    store::Stream stream) const {
  return {source_id(life.slot, stream),
          life.app,
          life.id,
          life.number,
          life.generation,
          stream};
}

}  // namespace daemon_
