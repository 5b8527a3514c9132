#include "keeper/slots.h"

#include <algorithm>

namespace keeper {

Slot* Slots::find(uint64_t number) {
  const auto it = slots_.find(number);
  return it == slots_.end() ? nullptr : &it->second;
}

void Slots::drop(uint64_t number, Role role) {
  Slot* const slot = find(number);
  if (slot == nullptr) return;
  std::erase_if(slot->fds,
                [&](const RoleFd& entry) { return entry.role == role; });
}

Slot* Slots::running(pid_t pid) {
  for (auto& [number, slot] : slots_) {
    const bool alive =
        slot.state == SlotState::Spawning || slot.state == SlotState::Running;
    if (alive && slot.pid == pid) return &slot;
  }
  return nullptr;
}

}  // namespace keeper
