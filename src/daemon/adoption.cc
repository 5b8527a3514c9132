#include "daemon/adoption.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "daemon/orphans.h"

namespace daemon_ {

// Descriptors first, then lives: an ending that is judged at once may start a
// successor, which must not overtake its predecessor's last lines.
void Adoption::adopt(std::vector<keeper::FoundSlot> found) {
  std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>> lives;
  std::map<int, uint64_t> newest;  // generation, by instance id
  for (auto& slot : found) {
    supervisor_.reserve_slot(slot.number);
    if (slot.adopted) {
      supervisor_.set_keeper(0);
      fosters_.insert(slot.number);
    }
    auto life = supervisor::parse_label(slot.label);
    if (!life || slot.state == keeper::SlotState::Held) {
      if (!life) base::log::warn("{}", life.error().message);
      link_.release(slot.number);
      continue;
    }
    life->slot = slot.number;
    newest[life->id] = std::max(newest[life->id], life->generation);
    lives.emplace_back(std::move(*life), &slot);
  }
  // Of a keeper that knows nothing, orphans are all there is: see below.
  if (!found.empty()) io_.adopt(lives);
  for (auto& [life, slot] : lives) {
    if (life.generation == newest[life.id]) {
      adopt_one(life, *slot);
      continue;
    }
    // Over and succeeded; something may still hold its output.
    io_.process_over(life.slot);
    io_.forget(life.slot);
  }
}

void Adoption::adopt_one(const supervisor::Life& life,
                         keeper::FoundSlot& slot) {
  base::UniqueFd pidfd;
  for (auto& entry : slot.fds)
    if (entry.role == keeper::Role::PidFd) pidfd = std::move(entry.fd);
  switch (slot.state) {
    case keeper::SlotState::Held:
      return;
    case keeper::SlotState::Spawning:
      if (!supervisor_.adopt_unspawned(life)) end_stray(life, slot.pid);
      return;
    case keeper::SlotState::Running:
      if (!supervisor_.adopt(life, slot.pid, std::move(pidfd)))
        end_stray(life, slot.pid);
      return;
    case keeper::SlotState::Exited:
      io_.process_over(slot.number);
      if (!supervisor_.adopt_ended(
              life, {slot.status, true, base::Timestamp{slot.ended_us}}))
        io_.forget(slot.number);
      return;
  }
}

// Keeper and daemon died together, and some of their children live on.
void Adoption::adopt_orphans(const std::string& home_id,
                             const ChildIo::FindProcess& process_of) {
  auto orphans = find_orphans(home_id);
  std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>> lives;
  for (auto& orphan : orphans) {
    auto* instance = supervisor_.find(orphan.life.id);
    auto life = orphan.life;
    supervisor_.set_keeper(0);
    if (instance == nullptr || orphan.slot.pid == 0 || !instance->wanted() ||
        instance->state() != supervisor::State::Stopped) {
      supervisor_.end_stray(orphan.slot.pid, life);
      continue;
    }
    const auto launched = life.launched;
    life = instance->life();
    life.generation = orphan.life.generation;
    life.launched = launched;
    life.ready = true;  // as far as one can know: it has come so far
    life.slot = orphan.slot.number = supervisor_.new_slot();
    orphan.slot.label = supervisor::print_label(life);
    fosters_.insert(life.slot);
    base::log::warn("process {} of {} had lost daemon and keeper; taken over",
                    orphan.slot.pid, life.app);
    lives.emplace_back(std::move(life), &orphan.slot);
  }
  // Also when there are none: what was read and not written is written now.
  io_.adopt(lives);
  for (auto& [life, slot] : lives) {
    adopt_one(life, *slot);
    (void)io_.hold(life.slot, process_of);
  }
}

// A process of no app: its daemon died between starting it and noting it.
void Adoption::end_stray(const supervisor::Life& life, int pid) {
  base::log::warn("process {} of {} belongs to no app; ending it", pid,
                  life.app);
  supervisor_.end_stray(pid, life);
  io_.forget(life.slot);
}

}  // namespace daemon_
