#pragma once
// A webhook: a process of its own that posts what it finds on stdin and ends.
// http by a few calls of the C library; https by libcurl, which is opened here
// and nowhere else.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace notify {

struct Url {
  bool tls = false;
  std::string host;  // without brackets
  std::string port;
  std::string path;  // with the query
};
// Errc::Invalid; the message does not repeat it.
base::Result<Url> parse_url(std::string_view text);

// The status of the answer's head ("HTTP/1.1 204 No Content"); 0: none.
int parse_status(std::string_view head);

// LODGE_WEBHOOK names the URL; says on stdout how it went. 0: a status of 2xx.
int run_post();

}  // namespace notify
