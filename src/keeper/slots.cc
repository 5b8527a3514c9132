#include "keeper/slots.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace keeper {

Slot* Slots::find(uint64_t number) {
  const auto it = slots_.find(number);
  return it == slots_.end() ? nullptr : &it->second;
}

void Slots::restore(uint64_t number, Slot slot) {
  untold_ = untold_ || slot.spawn_untold || slot.exit_untold;
  slots_[number] = std::move(slot);
}

base::Status Slots::take(Frame frame) {
  const FrameHeader header = frame.header;
  switch (header.type) {
    case FrameType::Hold:
      return hold(std::move(frame));
    case FrameType::Spawn:
      spawn(std::move(frame));
      break;
    case FrameType::Adopt:
      adopt(std::move(frame));
      break;
    case FrameType::Label:
      label(std::move(frame));
      break;
    case FrameType::Drop:
      drop(header.slot, static_cast<Role>(header.value));
      break;
    case FrameType::Release:
      release(header.slot);
      break;
    default:
      break;
  }
  return {};
}

base::Status Slots::hold(Frame frame) {
  if (find(frame.header.slot) != nullptr)
    return base::fail(base::Errc::Exists,
                      "a slot that is in use is not held anew");
  Slot& slot = slots_[frame.header.slot];
  slot.label = std::move(frame.body);
  slot.fds = std::move(frame.fds);
  if (frame.truncated) fail(slot, EMFILE);
  return {};
}

void Slots::spawn(Frame frame) {
  Slot* const slot = find(frame.header.slot);
  if (slot == nullptr || slot->state != SlotState::Held) return;
  if (frame.truncated) return fail(*slot, EMFILE);
  auto program = decode_program(frame.take(Role::Program).get());
  if (!program) return fail(*slot, program.error().sys_errno);
  const base::UniqueFd in = frame.take(Role::Stdin);
  const base::UniqueFd out = frame.take(Role::Stdout);
  const base::UniqueFd err = frame.take(Role::Stderr);
  const base::UniqueFd ipc = frame.take(Role::Ipc);
  auto forked = fork_program(
      *program, {in.get(), out.get(), err.get(), ipc.get()}, nofile_);
  if (!forked) return fail(*slot, forked.error().sys_errno);
  slot->state = SlotState::Spawning;
  slot->spawn_untold = untold_ = true;
  slot->pid = forked->pid;
  slot->outcome = std::move(forked->outcome);
  slot->pidfd.reset(
      static_cast<int>(::syscall(SYS_pidfd_open, forked->pid, 0)));
}

void Slots::fail(Slot& slot, int error) {
  slot.state = SlotState::Exited;
  slot.failure = {error == 0 ? EINVAL : error, ExecFailure::Descriptors};
  slot.ended_us = clock_.now().us;
  slot.spawn_untold = untold_ = true;
}

void Slots::adopt(Frame frame) {
  Slot* const slot = find(frame.header.slot);
  if (slot == nullptr) return;
  slot->state = static_cast<SlotState>(frame.header.value);
  slot->pid = frame.header.pid;
  slot->pidfd = frame.take(Role::PidFd);
  slot->adopted = true;
}

void Slots::label(Frame frame) {
  if (Slot* const slot = find(frame.header.slot))
    slot->label = std::move(frame.body);
}

void Slots::drop(uint64_t number, Role role) {
  Slot* const slot = find(number);
  if (slot == nullptr) return;
  std::erase_if(slot->fds,
                [&](const RoleFd& entry) { return entry.role == role; });
}

std::vector<Slots::Watched> Slots::watched() const {
  std::vector<Watched> all;
  for (const auto& [number, slot] : slots_) {
    if (slot.state == SlotState::Spawning)
      all.push_back({number, slot.outcome.get()});
    else if (slot.adopted && slot.state == SlotState::Running)
      all.push_back({number, slot.pidfd.get()});
  }
  return all;
}

void Slots::on_readable(uint64_t number) {
  Slot* const slot = find(number);
  if (slot == nullptr) return;
  if (slot->state == SlotState::Spawning) return finish_spawn(*slot);
  // One that we adopted has ended. Its exit status goes to whoever reaps it,
  // which is not us.
  slot->state = SlotState::Exited;
  slot->status_known = false;
  slot->ended_us = clock_.now().us;
  slot->exit_untold = untold_ = true;
}

void Slots::finish_spawn(Slot& slot) {
  ExecFailure failure;
  const ssize_t n = ::read(slot.outcome.get(), &failure, sizeof failure);
  if (n < 0 && errno == EINTR) return;
  slot.outcome.reset();
  slot.state = SlotState::Running;
  // Should exec have failed, the child is on its way out: on_reaped() will find
  // the failure here.
  if (n == static_cast<ssize_t>(sizeof failure)) slot.failure = failure;
  untold_ = true;
}

void Slots::on_reaped(pid_t pid, int status) {
  const auto it = std::ranges::find_if(slots_, [&](const auto& entry) {
    const auto& slot = entry.second;
    return slot.pid == pid && !slot.adopted &&
           (slot.state == SlotState::Spawning ||
            slot.state == SlotState::Running);
  });
  if (it == slots_.end()) return;
  Slot& slot = it->second;
  if (slot.state == SlotState::Spawning) finish_spawn(slot);
  slot.state = SlotState::Exited;
  slot.status = status;
  slot.ended_us = clock_.now().us;
  slot.exit_untold = slot.failure.error == 0;
  untold_ = true;
}

void Slots::tell(int channel) {
  for (auto& [number, slot] : slots_)
    if (!tell_one(channel, number, slot)) return;
  untold_ = false;
}

bool Slots::tell_one(int channel, uint64_t number, Slot& slot) {
  FrameHeader header;
  header.slot = number;
  header.pid = slot.pid;
  const bool spawn_over =
      slot.state == SlotState::Running || slot.state == SlotState::Exited;
  // A failed exec is told once the child is reaped: one frame says it all.
  const bool failing = slot.failure.error != 0;
  if (slot.spawn_untold && spawn_over &&
      (!failing || slot.state == SlotState::Exited)) {
    header.type = FrameType::Spawned;
    header.value = static_cast<uint32_t>(slot.failure.error);
    header.status = slot.failure.step;
    std::vector<RoleFdRef> fds;
    if (slot.pidfd && !failing) fds.push_back({Role::PidFd, slot.pidfd.get()});
    if (!send_frame(channel, header, {}, fds)) return false;
    slot.spawn_untold = false;
  }
  if (slot.exit_untold) {
    header.type = FrameType::Exited;
    header.status = slot.status;
    header.value = slot.status_known ? 0 : 1;
    header.time_us = slot.ended_us;
    if (!send_frame(channel, header, {}, {})) return false;
    slot.exit_untold = false;
  }
  return true;
}

bool Slots::tell_all(int channel) {
  for (auto& [number, slot] : slots_) {
    std::vector<RoleFdRef> fds;
    for (const auto& kept : slot.fds) fds.push_back({kept.role, kept.fd.get()});
    if (slot.pidfd) fds.push_back({Role::PidFd, slot.pidfd.get()});
    FrameHeader header;
    header.type = FrameType::Slot;
    header.slot = number;
    header.pid = slot.pid;
    header.status = slot.status;
    header.value =
        static_cast<uint32_t>(slot.state) | (slot.adopted ? kAdopted : 0);
    header.time_us = slot.ended_us;
    // The daemon is reading: a full queue drains within microseconds.
    base::Status sent;
    for (int tries = 0; tries < 1000; ++tries) {
      sent = send_frame(channel, header, slot.label, fds);
      if (sent || sent.error().code != base::Errc::WouldBlock) break;
      pollfd writable{channel, POLLOUT, 0};
      ::poll(&writable, 1, 10);
    }
    if (!sent) return false;
    slot.exit_untold = false;
    slot.spawn_untold = slot.state == SlotState::Spawning;
  }
  return true;
}

}  // namespace keeper
