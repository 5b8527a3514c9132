#pragma once
// Messages to JSON and back; PROTOCOL.md shows each. Members that a reader does
// not know are ignored and missing ones keep their defaults, so that neighbours
// in version understand each other. Pure.

#include <string>
#include <string_view>

#include "base/result.h"
#include "control/message.h"

namespace control {

struct Asked {
  Request request;
  Caller caller;
};

// "ping", "start", ... as on the wire.
std::string_view request_name(const Request& request);

// Bytes that are not UTF-8 become U+FFFD.
std::string encode(const Request& request, const Caller& caller);
std::string encode(const Reply& reply);

// Errc::Invalid for anything that is no message: bad JSON, an unknown name, a
// member of another type or out of its range.
base::Result<Asked> decode_request(std::string_view payload);
base::Result<Reply> decode_reply(std::string_view payload);

}  // namespace control
