#include "daemon/updater.h"

#include <utility>

#include "base/log.h"
#include "daemon/probe.h"

namespace daemon_ {

Updater::Updater(base::EventLoop& loop, keeper::Link& link,
                 const base::Home& home,
                 std::function<void(OnStatus)> when_written)
    : loop_(loop),
      link_(link),
      home_(home),
      when_written_(std::move(when_written)) {}

void Updater::begin(const std::string& path, OnReply reply) {
  if (reply_)
    return reply(control::ErrorReply{"another update is under way", {}, 1});
  reply_ = std::move(reply);
  worker_ = std::make_unique<base::WorkerPool>(1);
  worker_->submit([this, path] {
    auto version = probe_program(path, home_);
    loop_.post([this, path, version = std::move(version)] {
      worker_.reset();
      probed(path, version);
    });
  });
}

void Updater::probed(const std::string& path,
                     const base::Result<std::string>& version) {
  if (!version) return refuse(version.error());
  base::log::info("update: {} is version {}; this one, {}, ends", path,
                  *version, LODGE_VERSION);
  when_written_([this, path](const base::Status& written) {
    if (!written) return refuse(written.error());
    if (auto sent = link_.upgrade(path); !sent) refuse(sent.error());
  });
}

void Updater::failed(const std::string& why) {
  refuse({base::Errc::Io, 0, why, {}});
}

void Updater::refuse(const base::Error& error) {
  base::log::warn("update refused: {}", error.message);
  if (auto reply = std::exchange(reply_, {}))
    reply(control::ErrorReply{error.message, error.hint, 1});
}

}  // namespace daemon_
