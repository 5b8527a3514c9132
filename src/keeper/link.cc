#include "keeper/link.h"

#include <poll.h>

#include "base/log.h"

namespace keeper {

Link::Link(base::EventLoop& loop, base::UniqueFd channel,
           LinkObserver& observer)
    : loop_(loop), observer_(observer), channel_(std::move(channel)) {
  watch();
}

void Link::reconnect(base::UniqueFd channel) {
  watch_.reset();
  channel_ = std::move(channel);
  watch();
}

void Link::watch() {
  watch_ = std::make_unique<base::FdWatch>(loop_, channel_.get(),
                                           [this](int) { receive(); });
  watch_->want(base::FdWatch::Readable);
}

base::Status Link::listen(int listener) {
  const RoleFdRef fds[] = {{Role::Listener, listener}};
  return send({.type = FrameType::Listen}, {}, fds);
}

base::Status Link::adopt(uint64_t slot, int pid, int pidfd) {
  const RoleFdRef fds[] = {{Role::PidFd, pidfd}};
  return send({.type = FrameType::Adopt,
               .slot = slot,
               .pid = pid,
               .value = static_cast<uint32_t>(SlotState::Running)},
              {}, fds);
}

base::Status Link::hello() {
  return send({.type = FrameType::Hello});
}

base::Status Link::hold(uint64_t slot, std::string_view label,
                        std::span<const RoleFdRef> fds) {
  return send({.type = FrameType::Hold, .slot = slot}, label, fds);
}

base::Status Link::spawn(uint64_t slot, const Program& program,
                         std::span<const RoleFdRef> child_fds) {
  auto memory = encode_program(program);
  if (!memory) return base::pass(std::move(memory), "spawn");
  std::vector<RoleFdRef> fds = {{Role::Program, memory->get()}};
  fds.insert(fds.end(), child_fds.begin(), child_fds.end());
  return send({.type = FrameType::Spawn, .slot = slot}, {}, fds);
}

void Link::label(uint64_t slot, std::string_view label) {
  (void)send({.type = FrameType::Label, .slot = slot}, label);
}

void Link::drop(uint64_t slot, Role role) {
  // A keeper that is gone holds nothing: no error worth a word.
  (void)send({.type = FrameType::Drop,
              .slot = slot,
              .value = static_cast<uint32_t>(role)});
}

void Link::release(uint64_t slot) {
  (void)send({.type = FrameType::Release, .slot = slot});
}

void Link::serving() {
  (void)send({.type = FrameType::Serving});
}

base::Status Link::upgrade(const std::string& path) {
  return send({.type = FrameType::Upgrade}, path);
}

void Link::dismiss() {
  (void)send({.type = FrameType::Quit, .value = 1});
}

base::Status Link::quit() {
  return send({.type = FrameType::Quit});
}

base::Status Link::failed(std::string_view why) {
  return send({.type = FrameType::Failed}, why.substr(0, kMaxBody));
}

base::Status Link::send(FrameHeader header, std::string_view body,
                        std::span<const RoleFdRef> fds) {
  if (!channel_)
    return base::fail(base::Errc::Unavailable, "the keeper is gone");
  for (;;) {
    auto sent = send_frame(channel_.get(), header, body, fds);
    if (sent || sent.error().code != base::Errc::WouldBlock) return sent;
    // The keeper does nothing but listen to us: its queue drains at once.
    pollfd writable{channel_.get(), POLLOUT, 0};
    if (::poll(&writable, 1, 5000) <= 0)
      return base::fail(base::Errc::Timeout, "the keeper does not listen");
  }
}

void Link::receive() {
  while (channel_) {
    auto frame = receive_frame(channel_.get());
    if (frame) {
      handle(std::move(*frame));
      continue;
    }
    if (frame.error().code == base::Errc::WouldBlock) return;
    if (frame.error().code == base::Errc::Invalid) {
      base::log::warn("{}", frame.error().message);
      continue;
    }
    watch_.reset();
    channel_.reset();
    observer_.on_keeper_lost();
    return;
  }
}

void Link::handle(Frame frame) {
  const FrameHeader& header = frame.header;
  switch (header.type) {
    case FrameType::Slot:
      observer_.on_found({header.slot,
                          static_cast<SlotState>(header.value & ~kAdopted),
                          (header.value & kAdopted) != 0, header.pid,
                          header.status, header.time_us, std::move(frame.body),
                          std::move(frame.fds), !frame.truncated});
      break;
    case FrameType::Ready:
      observer_.on_ready(
          {header.pid, static_cast<int>(header.value), std::move(frame.body)},
          frame.take(Role::Listener));
      break;
    case FrameType::UpgradeFailed:
      observer_.on_upgrade_failed(
          {header.pid, static_cast<int>(header.value), std::move(frame.body)});
      break;
    case FrameType::Spawned:
      observer_.on_spawned(header.slot, header.pid, frame.take(Role::PidFd),
                           static_cast<int>(header.value), header.status);
      break;
    case FrameType::Exited:
      observer_.on_exited(header.slot, header.status, header.value == 0,
                          header.time_us);
      break;
    default:
      break;  // a newer keeper's word
  }
}

}  // namespace keeper
