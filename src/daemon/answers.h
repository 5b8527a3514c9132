#pragma once
// How handlers answer: refusals, and what is only said once it is on disk.
// Control loop.

#include <functional>

#include "base/result.h"
#include "control/message.h"
#include "daemon/recorder.h"

namespace daemon_ {

using OnReply = std::function<void(control::Reply)>;

control::Reply refusal(const base::Error& error);

// `reply`, once what was recorded so far would survive a crash.
void send_when_written(Recorder& recorder, control::Reply reply, OnReply to);

}  // namespace daemon_
