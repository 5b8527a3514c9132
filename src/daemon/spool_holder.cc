#include "daemon/spool_holder.h"

#include "base/fs.h"
#include "base/log.h"

namespace daemon_ {
namespace {

// Lives are numbered from 1.
constexpr uint64_t kSlot = 0;
constexpr std::string_view kLabel = "spool";

std::string name_of(const std::string& home_id) {
  return "lodge-" + home_id + ".spool";
}

}  // namespace

bool SpoolHolder::is_spool(const keeper::FoundSlot& slot) {
  return slot.state == keeper::SlotState::Held && slot.label == kLabel;
}

void SpoolHolder::take(keeper::FoundSlot slot) {
  for (auto& entry : slot.fds)
    if (entry.role == keeper::Role::Spool) fd_ = std::move(entry.fd);
}

void SpoolHolder::begin(keeper::Link& link, const std::string& home_id,
                        capture::CaptureThread& capture, Chronicle& chronicle) {
  std::string lost;
  auto spool = open(link, home_id, lost);
  if (!lost.empty()) {
    store::Event event;
    event.kind = store::EventKind::Lost;
    event.reason = "what an earlier daemon had read and not written: " + lost;
    base::log::error("{}", event.reason);
    chronicle.record(std::move(event));
  }
  if (spool)
    capture.use(std::move(*spool));
  else
    base::log::error("{}", spool.error().message);
}

base::Result<capture::Spool> SpoolHolder::open(keeper::Link& link,
                                               const std::string& home_id,
                                               std::string& lost) {
  const std::string name = name_of(home_id);
  const bool kept = static_cast<bool>(fd_);
  base::Result<base::SharedMemory> memory;
  if (kept) {
    auto copy = base::fs::duplicate(fd_.get());
    if (!copy) return base::pass(std::move(copy), "spool");
    memory = base::SharedMemory::adopt(std::move(*copy));
  } else {
    memory = base::SharedMemory::open(name);
  }
  base::Result<capture::Spool> spool =
      memory
          ? capture::Spool::open(std::move(*memory))
          : base::Result<capture::Spool>(base::fail(std::move(memory.error())));
  const bool found = spool.has_value();
  if (!found) {
    if (spool.error().code != base::Errc::NotFound)
      lost = spool.error().message;
    base::SharedMemory::remove(name);
    if (kept) link.release(kSlot);
    spool = capture::Spool::create(name);
    // Somebody else's in our way, or no room there: then one without a name.
    if (!spool) spool = capture::Spool::create("");
    if (!spool) return spool;
  }
  if (!kept || !found)
    if (auto ok = hold(link, spool->fd()); !ok)
      base::log::error("{}", ok.error().message);
  return spool;
}

void SpoolHolder::remove(const std::string& home_id) {
  base::SharedMemory::remove(name_of(home_id));
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
