#pragma once
// Looks at apps' health for the supervisor: over the network by base's probe,
// or by a command run as the app runs. Lives on the control loop.

#include "base/event_loop.h"
#include "base/worker_pool.h"
#include "daemon/exec_checks.h"
#include "daemon/users.h"
#include "supervisor/prober.h"

namespace daemon_ {

class HealthLooks final : public supervisor::Prober {
 public:
  HealthLooks(base::EventLoop& loop, Users& users, std::string home_id);

  // supervisor::Prober
  std::unique_ptr<supervisor::Look> look(
      const supervisor::Life& life, const config::AppSpec& spec,
      std::function<void(base::Status)> done) override;

 private:
  base::Result<keeper::Program> program(const supervisor::Life& life,
                                        const config::AppSpec& spec);

  base::EventLoop& loop_;
  Users& users_;
  const std::string home_id_;
  ExecChecks exec_;
  base::WorkerPool resolver_{2};  // of names
};

}  // namespace daemon_
