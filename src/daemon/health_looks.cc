#include "daemon/health_looks.h"

#include "base/probe.h"
#include "supervisor/launch_plan.h"

namespace daemon_ {
namespace {

using Done = std::function<void(base::Status)>;

// Says where it looked.
Done named(std::string what, Done done) {
  return [what = std::move(what), done = std::move(done)](base::Status status) {
    if (!status) status = base::pass(std::move(status), what);
    done(std::move(status));
  };
}

class NetworkLook final : public supervisor::Look {
 public:
  NetworkLook(base::EventLoop& loop, base::WorkerPool& resolver,
              base::Endpoint endpoint, std::chrono::milliseconds timeout,
              Done done)
      : probe_(loop, resolver, std::move(endpoint), timeout, std::move(done)) {}

 private:
  base::Probe probe_;
};

class ExecLook final : public supervisor::Look {
 public:
  ExecLook(ExecChecks& checks, uint64_t number)
      : checks_(checks), number_(number) {}
  ~ExecLook() override { checks_.cancel(number_); }

 private:
  ExecChecks& checks_;
  const uint64_t number_;
};

// It can't be looked at: told like any other failure, later.
class FailedLook final : public supervisor::Look {
 public:
  FailedLook(base::EventLoop& loop, base::Error error, Done done) {
    loop.post([alive = std::weak_ptr<int>(alive_), error = std::move(error),
               done = std::move(done)] {
      if (!alive.expired()) done(base::fail(error));
    });
  }

 private:
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

HealthLooks::HealthLooks(base::EventLoop& loop, Users& users,
                         std::string home_id)
    : loop_(loop), users_(users), home_id_(std::move(home_id)), exec_(loop) {}

std::unique_ptr<supervisor::Look> HealthLooks::look(
    const supervisor::Life& life, const config::AppSpec& spec, Done done) {
  const auto& health = spec.health;
  if (!health.exec.empty()) {
    done = named("health.exec", std::move(done));
    auto run = program(life, spec);
    if (!run)
      return std::make_unique<FailedLook>(loop_, std::move(run.error()),
                                          std::move(done));
    return std::make_unique<ExecLook>(
        exec_, exec_.begin(std::move(*run), health.timeout, std::move(done)));
  }
  const bool http = !health.http.empty();
  const auto& text = http ? health.http : health.tcp;
  done = named(text, std::move(done));
  auto endpoint =
      http ? base::parse_http_endpoint(text) : base::parse_tcp_endpoint(text);
  if (!endpoint)
    return std::make_unique<FailedLook>(loop_, std::move(endpoint.error()),
                                        std::move(done));
  return std::make_unique<NetworkLook>(loop_, resolver_, std::move(*endpoint),
                                       health.timeout, std::move(done));
}

base::Result<keeper::Program> HealthLooks::program(
    const supervisor::Life& life, const config::AppSpec& spec) {
  auto as = users_.resolve(spec.uid, spec.gid);
  if (!as) return base::fail(std::move(as.error()));
  // Of the app's tree, so that its end is the check's; but not the app itself.
  auto plan = supervisor::plan_launch(
      spec, {life.id, life.number, life.tag(home_id_) + "health"});
  if (!plan) return base::fail(std::move(plan.error()));
  keeper::Program program{.path = "/bin/sh",
                          .argv = {"sh", "-c", spec.health.exec},
                          .env = std::move(plan->env),
                          .cwd = spec.cwd};
  std::erase(program.env, "NODE_CHANNEL_FD=3");
  if (*as) {
    program.user = (*as)->user;
    set_user(program.env, **as);
  }
  return program;
}

}  // namespace daemon_
