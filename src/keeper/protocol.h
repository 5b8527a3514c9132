#pragma once
// What keeper and daemon say to each other over a SOCK_SEQPACKET pair: one
// packet is one frame, a fixed header and a body, with descriptors attached.
// Host byte order: both ends are on this machine, and mostly the same program;
// {major, minor} lets neighbours of a live upgrade understand each other: a
// newer minor only adds frames, roles and bits, which the older one passes
// over; another major is refused.
//
// A *slot* is one life of one instance, numbered by the daemon and never used
// twice while the keeper lives. It lives in the keeper from Hold to Release and
// outlives any daemon.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

inline constexpr uint8_t kMajor = 1;
inline constexpr uint8_t kMinor = 2;
inline constexpr size_t kMaxFds = 8;
inline constexpr size_t kMaxBody = 4096;

enum class FrameType : uint16_t {
  // daemon -> keeper
  Hello = 1,    // "tell me everything": answered by Slot*, then Ready
  Hold = 2,     // make a slot: body = label; descriptors with roles
  Spawn = 3,    // fork into a held slot: descriptors = program, then the
                // child's stdin, stdout, stderr and, if any, IPC (roles)
  Drop = 4,     // close the slot's descriptor of role `value`
  Release = 5,  // forget the slot, close what it holds
  Quit = 6,     // the daemon's coming exit is an orderly end; value 1: not
                // that, only this keeper is not needed
  Failed = 7,   // the daemon cannot start: body = why. It exits next
  Label = 8,    // body takes the place of the slot's label
  // A daemon that lost its keeper tells a new one what the old one held:
  Listen = 9,    // descriptor = listening socket
  Adopt = 10,    // after Hold: the slot's process; pid, state; a pidfd
  Upgrade = 11,  // become the program at the path `body`, and start its daemon
  Serving = 12,  // this daemon has taken everything over and takes requests
  // keeper -> daemon
  Slot = 20,     // pid, state (| kAdopted), status; body = label; descriptors
  Ready = 21,    // no more slots; pid = keeper; descriptor = listening socket;
                 // value = upgrades tried so far, body = why the last failed
  Spawned = 22,  // pid, or value = errno and body = which step; a pidfd
  Exited = 23,   // pid, status as of waitpid(2), time; value 1 = status unknown
  UpgradeFailed = 24,  // nothing has changed; body = why
};

// What a descriptor in a frame is for.
enum class Role : uint8_t {
  None = 0,
  Stdin = 1,    // kept: write end. In Spawn: the child's end
  Stdout = 2,   // kept: read end
  Stderr = 3,   // kept: read end
  Ipc = 4,      // node's channel
  Program = 5,  // memfd with an encoded Program
  Listener = 6,
  PidFd = 7,
  Spool = 8,  // of no app: what capture has read and not yet written
};

enum class SlotState : uint32_t {
  Held = 0,
  Spawning = 1,
  Running = 2,
  Exited = 3
};

// In a Slot frame: the process is no child of this keeper.
inline constexpr uint32_t kAdopted = 0x100;

struct FrameHeader {
  std::array<char, 2> magic{'L', 'K'};
  uint8_t major = kMajor;
  uint8_t minor = kMinor;
  FrameType type = FrameType::Hello;
  uint16_t body_size = 0;
  uint64_t slot = 0;
  int32_t pid = 0;
  int32_t status = 0;  // waitpid status
  uint32_t value = 0;  // SlotState, Role or errno, by type
  uint32_t fd_count = 0;
  int64_t time_us = 0;  // wall clock
  std::array<Role, kMaxFds> roles{};
};

struct RoleFd {
  Role role = Role::None;
  base::UniqueFd fd;
};

// A frame as received: owns its descriptors.
struct Frame {
  FrameHeader header;
  std::string body;
  std::vector<RoleFd> fds;
  bool truncated = false;  // descriptors were lost: we have no more room

  // Takes the descriptor of that role out; invalid when there is none.
  base::UniqueFd take(Role role);
};

// Borrowed descriptor to be sent along.
struct RoleFdRef {
  Role role;
  int fd;
};

// Sends one frame. Errc::WouldBlock when the peer's queue is full,
// Errc::Unavailable when it is gone.
base::Status send_frame(int socket, FrameHeader header, std::string_view body,
                        std::span<const RoleFdRef> fds);
// Receives one; Errc::WouldBlock when there is none, Errc::Unavailable at the
// end, Errc::Invalid for a frame that is not ours or from another major.
base::Result<Frame> receive_frame(int socket);

}  // namespace keeper
