#include "daemon/spool_holder.h"

#include "base/fs.h"

namespace daemon_ {
namespace {

// Lives are numbered from 1.
constexpr uint64_t kSlot = 0;
constexpr std::string_view kLabel = "spool";

}  // namespace

bool SpoolHolder::is_spool(const keeper::FoundSlot& slot) {
  return slot.state == keeper::SlotState::Held && slot.label == kLabel;
}

void SpoolHolder::take(keeper::FoundSlot slot) {
  for (auto& entry : slot.fds)
    if (entry.role == keeper::Role::Spool) fd_ = std::move(entry.fd);
}

base::Status SpoolHolder::hold(keeper::Link& link, int fd) {
  auto copy = base::fs::duplicate(fd);
  if (!copy) return base::pass(std::move(copy), "spool");
  fd_ = std::move(*copy);
  return send(link, fd_.get());
}

base::Status SpoolHolder::hand_over(keeper::Link& link) const {
  return fd_ ? send(link, fd_.get()) : base::Status();
}

base::Status SpoolHolder::send(keeper::Link& link, int fd) {
  const keeper::RoleFdRef kept[] = {{keeper::Role::Spool, fd}};
  return link.hold(kSlot, kLabel, kept);
}

}  // namespace daemon_
