#pragma once
// Node's channel to its parent, as process.send() and process.on('message') see
// it: a JSON value a line in either direction. Of what an app says only the
// plain word "ready" means something here; everything is read, or its sending
// would come to a halt. Pure but for send_line().

#include <string>
#include <string_view>

namespace daemon_ {

// Cuts what is read into messages; all but very short ones are passed over.
class IpcReader {
 public:
  // Whether among these bytes a message ended that is the JSON text "ready".
  bool feed(std::string_view bytes);

 private:
  std::string line_;
  bool too_long_ = false;
};

// One message. False when it is not taken now, or nobody is there to take it.
bool send_line(int socket, std::string_view json);

}  // namespace daemon_
