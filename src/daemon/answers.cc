#include "daemon/answers.h"

namespace daemon_ {

control::Reply refusal(const base::Error& error) {
  // Names and definitions that make no sense are the caller's slip: 2.
  const bool usage = error.code == base::Errc::Invalid;
  return control::ErrorReply{error.message, error.hint, usage ? 2 : 1,
                             error.code == base::Errc::Unavailable};
}

void send_when_written(Recorder& recorder, control::Reply reply, OnReply to) {
  recorder.when_written([reply = std::move(reply),
                         to = std::move(to)](base::Status status) {
    if (status) return to(reply);
    to(control::ErrorReply{
        "done, but it would not survive a restart: " + status.error().message,
        "make room, then repeat the command", 1});
  });
}

}  // namespace daemon_
